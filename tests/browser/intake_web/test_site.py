"""The residents' site in a real browser: with and without scripts, on a telephone, with a microphone."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest
import uvicorn
from playwright.async_api import Browser, Page, Route, async_playwright, expect

from intake_web.adapters.changes import LocalChanges
from intake_web.handlers.project import Project
from shared.receipts import Receipts
from tests.support.browsing import MICROPHONE, PHONE, chromium
from tests.support.intake import KEY, Hall
from tests.support.notices import assigned, event_of

pytestmark = pytest.mark.browser
SUGGESTION = "01M86AJNTG55GJ3BFBF75J317V"
PAGES = ["/", "/write", "/voice", "/video", "/track", "/help"]


@dataclass
class Visit:
    """A site being served, a page in a browser, and what the browser complained about."""

    hall: Hall
    url: str
    media: str
    browser: Browser
    complaints: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def page(self, *, scripts: bool = True, language: str = "zh-CN") -> AsyncIterator[Page]:
        context = await self.browser.new_context(viewport=PHONE, java_script_enabled=scripts, locale=language)
        page = await context.new_page()
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        yield page
        await context.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
async def visit() -> AsyncIterator[Visit]:
    port, media_port = free_port(), free_port()
    url, media = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{media_port}"
    hall = Hall(public_web_url=url, public_media_url=media)
    server = uvicorn.Server(uvicorn.Config(hall.app, port=port, log_level="error", timeout_graceful_shutdown=1))
    serving = asyncio.create_task(server.serve())
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**chromium(*MICROPHONE))
        while not server.started:
            await asyncio.sleep(0.05)
        yield Visit(hall, url, media, browser)
        await browser.close()
    hall.app.state.stopping = True
    server.should_exit = True
    with suppress(asyncio.CancelledError):
        await serving


@pytest.mark.parametrize("path", PAGES)
async def test_pages_fit_a_telephone_and_break_no_policy(visit: Visit, path: str) -> None:
    async with visit.page() as page:
        await page.goto(visit.url + path)
        await page.wait_for_load_state("networkidle")
        assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        small = await page.evaluate(SMALL_TARGETS)
        assert small == []
        unnamed = await page.evaluate(UNNAMED_FIELDS)
        assert unnamed == []
        assert await page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") >= 18
    assert visit.complaints == []


SMALL_TARGETS = """() => [...document.querySelectorAll("main button, main a, nav a, .switches a, main select, summary")]
  .filter((one) => one.offsetParent !== null)
  .map((one) => [one.textContent.trim().slice(0, 20), one.getBoundingClientRect()])
  .filter(([text, box]) => box.height < 43.5 && !/查询建议/.test(text))
  .map(([text, box]) => `${text} ${box.height}`)"""
PLAYABLE = """(player) => new Promise((resolve, reject) => {
  if (player.readyState >= 1) resolve();
  player.addEventListener("loadedmetadata", resolve);
  player.addEventListener("error", () => reject(player.error.message));
})"""
UNNAMED_FIELDS = """() => [...document.querySelectorAll("input:not([type=hidden]), textarea, select")]
  .filter((one) => one.labels.length === 0).map((one) => one.id || one.name)"""


async def test_a_suggestion_is_sent_without_javascript(visit: Visit) -> None:
    async with visit.page(scripts=False) as page:
        await page.goto(visit.url + "/write")
        await page.fill("#text", "建议在文昌街增设无障碍坡道。")
        await page.select_option("#town", "chengzhong")
        await page.get_by_role("button", name="提交建议").click()
        assert re.search(r"/receipt/", page.url)
        code = (await page.inner_text("#code")).strip()
        await page.get_by_role("link", name="查看办理进度").click()
        assert "已收到" in await page.inner_text("main")
        await page.goto(visit.url + "/track")
        await page.fill("#query_code", code.lower().replace("-", " "))
        await page.get_by_role("button", name="查询").click()
        assert "/t/" in page.url
    [accepted] = visit.hall.suggestions.accepted
    assert accepted.event.model_dump()["place"]["town"] == "chengzhong"
    assert code == Receipts(KEY).query_code(accepted.suggestion_id)


async def test_the_tracking_page_follows_live(visit: Visit) -> None:
    async with visit.page() as page:
        await page.goto(f"{visit.url}/t/{Receipts(KEY).token(SUGGESTION)}")
        await page.wait_for_selector("#live:not([hidden])")
        data = assigned(SUGGESTION)
        # as another process of the service would: this page's process hears of it by looking
        await Project(visit.hall.tracking, Receipts(KEY), LocalChanges())(event_of(data))
        await page.wait_for_selector("section.state.assigned")
        assert data.unit.name in await page.inner_text("#timeline")
    assert visit.complaints == []


@dataclass
class Media:
    """The media address as the browser sees it; the first try to store meets an overloaded service."""

    site: str
    receipt: dict[str, str]
    keys: list[str] = field(default_factory=list)
    stored: bytes = b""
    metadata: dict[str, str] = field(default_factory=dict)
    failures: int = 1

    def headers(self, **more: str) -> dict[str, str]:
        shown = "Location, Upload-Offset, Tus-Resumable"
        allowed = {"Origin": self.site, "Headers": "*, Idempotency-Key", "Methods": "*, PATCH"}
        named = {f"Access-Control-Allow-{name}": value for name, value in allowed.items()}
        return {**named, "Access-Control-Expose-Headers": shown, "Tus-Resumable": "1.0.0", **more}

    async def __call__(self, route: Route) -> None:
        request = route.request
        body = request.post_data_buffer or b""
        if request.method in ("POST", "PATCH") and self.failures:
            self.failures -= 1
            await route.fulfill(status=503, headers=self.headers(), body="{}")
        elif request.method == "OPTIONS":
            await route.fulfill(status=204, headers=self.headers())
        elif request.method == "POST" and request.url.endswith("/uploads"):
            pairs = (pair.split(" ") for pair in request.headers["upload-metadata"].split(","))
            self.metadata = {name: base64.b64decode(value).decode() for name, value in pairs}
            await route.fulfill(status=201, headers=self.headers(Location=f"{request.url}/u1"))
        elif request.method == "PATCH":
            self.stored += body
            await route.fulfill(status=204, headers=self.headers(**{"Upload-Offset": str(len(self.stored))}))
        else:
            if request.method == "POST":
                self.keys.append(request.headers["idempotency-key"])
                self.stored = body
            status = 202 if request.method == "POST" else 200
            await route.fulfill(status=status, headers=self.headers(), json=self.receipt)


async def record(page: Page, *, seconds: int) -> None:
    await page.click("#start")
    await expect(page.locator("#timer")).to_have_text(f"0:0{seconds}")
    await page.click("#pause")
    await page.click("#pause")
    await page.click("#stop")
    await page.wait_for_selector("#review:not([hidden])")
    await page.locator("#playback").evaluate(PLAYABLE)


@pytest.mark.parametrize("channel", ["voice", "video"])
async def test_a_recording_is_made_heard_again_and_sent_over_a_bad_line(visit: Visit, channel: str) -> None:
    token = Receipts(KEY).token(SUGGESTION)
    media = Media(visit.url, {"suggestion_id": SUGGESTION, "tracking_url": f"{visit.url}/t/{token}"})
    async with visit.page() as page:
        await page.context.route(f"{visit.media}/**", media)
        await page.goto(f"{visit.url}/{channel}")
        await record(page, seconds=2)
        await page.click("summary")
        await page.select_option("#town", "hexi")
        await page.click("#send")
        await page.wait_for_url("**/receipt/**")
        assert token in page.url
    assert b"webm" in media.stored[:20_000]
    assert len(media.stored) > 3_000
    if channel == "voice":
        assert len(media.keys) == 1
        assert b'name="channel"\r\n\r\nvoice' in media.stored
        assert b'name="town"\r\n\r\nhexi' in media.stored
    else:
        assert media.metadata["channel"] == "video"
        assert json.loads(media.metadata["submission"])["place"] == {"town": "hexi"}
    assert [one for one in visit.complaints if "503" not in one] == []


async def test_recording_again_takes_a_new_key(visit: Visit) -> None:
    async with visit.page() as page:
        await page.goto(visit.url + "/voice")
        before = await page.input_value("[name=idempotency_key]")
        await page.click("#start")
        await expect(page.locator("#timer")).to_have_text("0:01")
        await page.click("#stop")
        await page.click("#again")
        assert await page.is_visible("#start")
        assert await page.input_value("[name=idempotency_key]") != before


async def test_without_scripts_a_recording_is_a_file_for_the_media_address(visit: Visit) -> None:
    async with visit.page(scripts=False) as page:
        await page.goto(visit.url + "/voice")
        assert await page.is_hidden("#recorder")
        form = page.locator("#record-form")
        assert await form.get_attribute("action") == f"{visit.media}/api/v1/recordings"
        assert await form.get_attribute("enctype") == "multipart/form-data"
        assert await page.get_attribute("#file", "accept") == "audio/*"


async def test_the_receipt_fits_a_telephone_in_large_print(visit: Visit) -> None:
    async with visit.page(language="en") as page:
        await page.goto(f"{visit.url}/receipt/{Receipts(KEY).token(SUGGESTION)}?size=large")
        assert "Thank you" in await page.inner_text("h1")
        assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert visit.complaints == []
