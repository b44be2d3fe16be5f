"""Uploads that are paused or lose their tab, recordings that were not sent, and telephones without https: a real
browser against the real pages and the real upload API."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn
from playwright.async_api import BrowserContext, Page, Route, async_playwright, expect
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.support.browsing import MICROPHONE, PHONE, chromium
from tests.support.intake import KEY, Hall
from tests.support.media_app import MediaApp
from tests.support.media_stores import FakeProbe

pytestmark = pytest.mark.browser
NAMED = "--host-resolver-rules=MAP phone.test 127.0.0.1"
PIECE = 4 * 1024 * 1024
FILM = os.urandom(9_000_000)
NOTE, NUMBER = "请看这座桥的栏杆", "13900001111"
DAY_MS = 24 * 60 * 60 * 1000
PLAYABLE = "(player) => player.readyState >= 1"
STORED = "JSON.stringify({...localStorage})"
KEPT = """() => new Promise((resolve) => {
  const request = indexedDB.open("minsheng");
  request.onsuccess = () => {
    const transaction = request.result.transaction(["recordings", "pieces"]);
    const counts = ["recordings", "pieces"].map((name) => transaction.objectStore(name).count());
    transaction.oncomplete = () => { request.result.close(); resolve(counts.map((count) => count.result)); };
  };
})"""


@dataclass
class Place:
    """The site and the upload API under one host name, and one browser's memory of them."""

    url: str
    media_url: str
    media: MediaApp
    context: BrowserContext
    complaints: list[str] = field(default_factory=list)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    """What the upload API was asked for: method, path, offset."""
    cut: str = ""
    """A method whose requests don't arrive: what is held back in a browser may be let go when its tab is closed."""

    async def tab(self, path: str) -> Page:
        page = await self.context.new_page()
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        await page.goto(self.url + path)
        return page

    async def again(self, page: Page, path: str) -> Page:
        """The tab is closed, and the page opened anew: from here on it is counted what is asked."""
        await page.close()
        await self.watch(broken=self.cut)
        self.asked.clear()
        page = await self.tab(path)
        await self.watch()
        return page

    async def arrives(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The upload API, behind the line that may be cut."""
        if self.cut and scope.get("method") == self.cut:
            await Response(status_code=503)(scope, receive, send)
        else:
            await self.media.app(scope, receive, send)

    def count(self, method: str) -> int:
        return len([one for one in self.asked if one[0] == method])

    def arrived(self) -> int:
        """Bytes of the unfinished upload on the server's disk."""
        folder = self.media.state / "uploads" / "unfinished"
        return max((path.stat().st_size for path in folder.iterdir() if len(path.name) == 32), default=0)

    async def watch(
        self, answer: dict[str, int] | None = None, hang: tuple[str, int] | None = None, broken: str = ""
    ) -> None:
        """Note what is asked; `answer` gives the first of a method a status, `hang` leaves the nth of one hanging (the
        browser may yet send it when its tab is closed), `broken` lets none of one through."""
        await self.context.unroute_all(behavior="ignoreErrors")
        self.cut = broken
        refuse, seen = dict(answer or {}), {"GET": 0, "PATCH": 0}

        async def on_call(route: Route) -> None:
            request = route.request
            if request.method != "OPTIONS":
                offset = request.headers.get("upload-offset", "")
                self.asked.append((request.method, request.url.removeprefix(self.media_url), offset))
            seen[request.method] = seen.get(request.method, 0) + 1
            if request.method == broken:
                await route.abort()
                return
            if hang and request.method == hang[0] and seen[hang[0]] >= hang[1]:
                return
            if request.method in refuse:
                status = refuse.pop(request.method)
                await route.fulfill(status=status, headers={"Access-Control-Allow-Origin": self.url})
                return
            await route.continue_()

        await self.context.route(f"{self.media_url}/**", on_call)


@asynccontextmanager
async def opened(state: Path, host: str) -> AsyncIterator[Place]:
    ports = []
    for _ in range(2):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            ports.append(int(listener.getsockname()[1]))
    url, media_url = (f"http://{host}:{port}" for port in ports)
    hall = Hall(public_web_url=url, public_media_url=media_url)
    media = MediaApp(
        state, probe=FakeProbe(), public_web_url=url, public_media_url=media_url, receipt_key=KEY, vault_key=KEY
    )
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**chromium(*MICROPHONE, NAMED))
        place = Place(url, media_url, media, await browser.new_context(viewport=PHONE, locale="zh-CN"))
        apps: tuple[ASGIApp, ...] = (hall.app, place.arrives)
        servers = [
            uvicorn.Server(
                uvicorn.Config(app, port=port, interface="asgi3", log_level="error", timeout_graceful_shutdown=1)
            )
            for app, port in zip(apps, ports, strict=True)
        ]
        serving = [asyncio.create_task(server.serve()) for server in servers]
        while not all(server.started for server in servers):
            await asyncio.sleep(0.05)
        yield place
        await browser.close()
    hall.app.state.stopping = True
    for server, task in zip(servers, serving, strict=True):
        server.should_exit = True
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with opened(tmp_path / "state", "127.0.0.1") as made:
        yield made


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    path.write_bytes(FILM)
    return path


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.05)


async def half_sent(place: Place, film: Path) -> None:
    """One piece has arrived when the tab is closed; a note and a telephone number went with it."""
    place.asked.clear()
    await place.watch(hang=("PATCH", 2))
    page = await place.tab("/video")
    await page.set_input_files("#file", film)
    await page.click("summary")
    await page.fill("#text", NOTE)
    await page.fill("#phone", NUMBER)
    await page.click("#send")
    await until(lambda: place.count("PATCH") == 2 and place.arrived() >= PIECE)
    stored = await page.evaluate(STORED)
    assert "minsheng-upload-" in stored
    assert all(secret not in json.loads(json.dumps(stored)) for secret in (NOTE, NUMBER, "film", "tus::"))
    await page.close()


async def test_an_upload_whose_tab_was_closed_goes_on_where_it_broke_off(place: Place, film: Path) -> None:
    await half_sent(place, film)
    await place.watch(answer={"HEAD": 503})
    place.asked.clear()
    page = await place.tab("/video")
    arrived = place.arrived()
    assert PIECE <= arrived < len(FILM)
    await expect(page.locator("#broken")).to_contain_text("9.0 MB")
    await expect(page.locator("#broken")).to_contain_text("46%")
    await page.set_input_files("#file", film)
    await page.click("#send")
    await page.wait_for_url("**/receipt/**")
    assert place.count("POST") == 0
    assert next(offset for method, _, offset in place.asked if method == "PATCH") == str(arrived)
    assert list(place.media.originals.held.values()) == [FILM]
    [row] = place.media.recordings.rows.values()
    assert row.recording.written == NOTE
    assert [held["phone"] for held in place.media.contacts.held.values()] == [NUMBER]
    assert await page.evaluate(STORED) == "{}"
    assert [
        one for one in place.complaints if "Failed to load resource" not in one
    ] == []  # 503, and 404: not all there


async def test_an_upload_that_had_all_arrived_when_its_tab_was_closed_is_not_sent_again(
    place: Place, film: Path
) -> None:
    await place.watch(hang=("GET", 1))
    page = await place.tab("/video")
    await page.set_input_files("#file", film)
    await page.click("#send")
    await until(lambda: place.count("GET") == 1)
    page = await place.again(page, "/video")
    await page.set_input_files("#file", film)
    await page.click("#send")
    await page.wait_for_url("**/receipt/**")
    assert [method for method, _, _ in place.asked] == ["GET"]
    assert len(place.media.recordings.rows) == 1


async def test_the_same_file_with_other_words_is_another_suggestion_and_the_half_sent_one_is_given_up(
    place: Place, film: Path
) -> None:
    await half_sent(place, film)
    await place.watch()
    page = await place.tab("/video")
    await page.set_input_files("#file", film)
    await page.click("summary")
    await page.fill("#text", "换一种说法")
    await page.click("#send")
    await page.wait_for_url("**/receipt/**")
    assert place.count("DELETE") == 1
    [row] = place.media.recordings.rows.values()
    assert row.recording.written == "换一种说法"
    assert list(place.media.originals.held.values()) == [FILM]


async def test_a_half_sent_video_can_be_thrown_away_and_is_forgotten_after_a_day(place: Place, film: Path) -> None:
    await half_sent(place, film)
    await place.watch()
    page = await place.context.new_page()
    await page.clock.install()
    await page.goto(place.url + "/video")
    await expect(page.locator("#broken")).to_be_visible()
    await page.clock.set_system_time(await page.evaluate("Date.now()") + DAY_MS + 60_000)
    await page.goto(place.url + "/help")
    await expect(page.locator("html")).to_be_visible()
    await page.wait_for_function(f"{STORED} === '{{}}'")
    await page.close()
    await half_sent(place, film)
    await place.watch()
    page = await place.tab("/video")
    await page.get_by_role("button", name="不再提交").click()
    await until(lambda: place.count("DELETE") == 1)
    await page.reload()
    await page.wait_for_load_state("networkidle")
    await expect(page.locator("#broken")).to_be_hidden()


async def test_sending_can_be_paused_and_continued(place: Place, film: Path) -> None:
    page = await place.tab("/video")
    slow = await place.context.new_cdp_session(page)
    await slow.send("Network.enable")
    line = {"offline": False, "latency": 5, "downloadThroughput": -1, "uploadThroughput": 2_000_000}
    await slow.send("Network.emulateNetworkConditions", line)
    page.on(
        "request",
        lambda request: place.asked.append((request.method, request.url, request.headers.get("upload-offset", ""))),
    )
    await page.set_input_files("#file", film)
    await page.click("#send")
    await until(lambda: place.arrived() > 0)
    await page.get_by_role("button", name="暂停上传").click()
    await expect(page.locator("#progress-text")).to_contain_text("已暂停")
    await asyncio.sleep(0.5)
    asked, arrived = len(place.asked), place.arrived()
    await asyncio.sleep(1.5)
    assert (len(place.asked), place.arrived()) == (asked, arrived)
    assert 0 < arrived < len(FILM)
    await page.get_by_role("button", name="继续上传").click()
    await page.wait_for_url("**/receipt/**")
    assert ("PATCH", str(arrived)) in [(method, offset) for method, _, offset in place.asked[asked:]]
    assert len([one for one in place.asked if one[0] == "POST"]) == 1
    assert list(place.media.originals.held.values()) == [FILM]
    assert place.complaints == []


@pytest.mark.parametrize("channel", ["voice", "video"])
async def test_a_recording_whose_tab_was_closed_is_offered_again_and_sent_once(place: Place, channel: str) -> None:
    page = await place.tab(f"/{channel}")
    await page.click("#start")
    await expect(page.locator("#timer")).to_have_text("0:03")
    key = await page.input_value("[name=idempotency_key]")
    other = await place.tab(f"/{channel}")
    await other.wait_for_load_state("networkidle")
    await expect(other.locator("#unsent")).to_be_hidden()  # it is in hand over there
    await other.close()
    await page.close()  # in the middle of a sentence
    page = await place.tab(f"/{channel}")
    await expect(page.locator("#unsent")).to_contain_text("还没有提交")
    await page.get_by_role("button", name="继续提交这一段").click()
    await page.wait_for_function(PLAYABLE, arg=await page.query_selector("#playback"))
    assert await page.input_value("[name=idempotency_key]") == key
    await page.click("#send")
    await page.wait_for_url("**/receipt/**")
    [sent] = place.media.originals.held.values()
    assert b"webm" in sent[:200]
    assert len(sent) > 3_000
    assert await page.evaluate(KEPT) == [0, 0]
    assert await page.evaluate(STORED) == "{}"
    assert place.complaints == []


async def test_a_recording_that_was_half_sent_is_offered_once_and_its_upload_goes_on(place: Place) -> None:
    await place.watch(broken="PATCH")
    page = await place.tab("/video")
    await page.click("#start")
    await expect(page.locator("#timer")).to_have_text("0:02")
    await page.click("#stop")
    await page.click("#send")
    await until(lambda: place.count("PATCH") > 0)
    page = await place.again(page, "/video")
    await page.get_by_role("button", name="继续提交这一段").click()
    await expect(page.locator("#broken")).to_be_hidden()
    await page.click("#send")
    await page.wait_for_url("**/receipt/**")
    assert (place.count("POST"), place.count("HEAD")) == (0, 1)
    assert len(place.media.recordings.rows) == 1
    assert await page.evaluate(KEPT) == [0, 0]


async def test_a_recording_can_be_thrown_away_and_is_deleted_after_a_day(place: Place) -> None:
    for over in (False, True):
        page = await place.tab("/voice")
        await page.click("#start")
        await expect(page.locator("#timer")).to_have_text("0:02")
        await page.click("#stop")
        await expect(page.locator("#review")).to_contain_text("最多一天")
        await page.close()
        page = await place.context.new_page()
        if over:
            await page.clock.install()
            await page.clock.set_system_time(await page.evaluate("Date.now()") + DAY_MS + 60_000)
        await page.goto(place.url + ("/help" if over else "/voice"))
        if not over:
            await page.get_by_role("button", name="删除").click()
        async with asyncio.timeout(10):
            while await page.evaluate(KEPT) != [0, 0]:
                await asyncio.sleep(0.1)
        await page.goto(place.url + "/voice")
        await page.wait_for_load_state("networkidle")
        await expect(page.locator("#unsent")).to_be_hidden()
        await page.close()


@pytest.mark.parametrize("channel", ["voice", "video"])
async def test_over_plain_http_the_page_says_what_to_do_and_a_chosen_file_is_sent(
    tmp_path: Path, film: Path, channel: str
) -> None:
    async with opened(tmp_path / "state", "phone.test") as place:
        page = await place.tab(f"/{channel}")
        assert await page.evaluate("[isSecureContext, crypto.subtle === undefined]") == [False, True]
        await expect(page.locator("#unable")).to_contain_text("手机自带的录音机或相机")
        await expect(page.locator("#recorder")).to_be_hidden()
        await page.set_input_files("#file", film)
        await page.click("#send")
        await page.wait_for_url("**/receipt/**")
        assert list(place.media.originals.held.values()) == [FILM]
        assert [one for one in place.complaints if "Cross-Origin-Opener-Policy" not in one] == []


async def test_a_file_that_arrives_spoilt_is_refused_by_the_hash_that_the_page_sends(place: Place, film: Path) -> None:
    async def spoil(route: Route) -> None:
        body = route.request.post_data_buffer or b""
        where = body.find(FILM[:32])
        await route.continue_(post_data=body[:where] + b"\0" * 32 + body[where + 32 :] if where >= 0 else body)

    await place.context.route(f"{place.media_url}/**", spoil)
    page = await place.tab("/voice")
    await page.set_input_files("#file", film)
    await page.click("#send")
    await expect(page.locator("#problem")).to_contain_text("重新提交")
    assert place.media.originals.held == {}
