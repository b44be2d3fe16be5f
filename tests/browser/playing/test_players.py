"""Recordings played in a real browser, from the media origin: by residents on their page, by clerks at the desk."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from intake_media.adapters import ffmpeg
from intake_media.domain.captions import web_vtt
from intake_media.domain.transcript import Transcript as Heard
from intake_web.adapters.changes import LocalChanges
from intake_web.handlers.project import Project
from router.bootstrap import Stores, bootstrap
from router.handlers.decide import Decide
from router.handlers.open_case import OpenCase
from router.settings import Settings
from shared.clock import SystemClock
from shared.contracts.model import EventData
from shared.contracts.recordings import RecordingCopied, RecordingReceived
from shared.contracts.suggestions import MediaRef, Segment, SuggestionSubmitted, Transcript
from shared.receipts import Receipts
from tests.support.browsing import chromium
from tests.support.casework import (
    SIGNALS,
    CountedNumbers,
    HeldLease,
    MemoryCases,
    MemoryCopies,
    MemoryIssues,
    MemoryNotices,
    submitted,
)
from tests.support.intake import KEY, Hall
from tests.support.media_app import MediaApp
from tests.support.media_stores import Row, job_of, recording_of
from tests.support.notices import event_of
from tests.support.pack import linghe

pytestmark = pytest.mark.browser
SUGGESTION = recording_of().suggestion_id
SEGMENTS = [
    Segment(start_s=0, end_s=2.4, text="文昌小雪门前的路口没有红绿灯，", confidence=0.41),
    Segment(start_s=2.4, end_s=4.2, text="接送高峰车流很急，", confidence=0.93),
    Segment(start_s=4.2, end_s=6.0, text="希望装上信号灯。", confidence=0.9),
]
TEXT = "".join(one.text for one in SEGMENTS)
LOADED = "(player) => player.readyState >= 1 && player.duration > 5"
CUES = "(player) => [...player.textTracks[0].cues || []].map((one) => one.text)"


@dataclass
class House:
    """Site, desk and media address being served, and what the browser complained about."""

    browser: Browser
    hall: Hall
    media: MediaApp
    store: MemoryCases
    copies: MemoryCopies
    site_url: str
    desk_url: str
    files: dict[str, MediaRef]
    complaints: list[str] = field(default_factory=list)

    async def told(self, *events: EventData) -> None:
        """As the site hears it."""
        project = Project(self.hall.tracking, Receipts(KEY), LocalChanges())
        for event in events:
            await project(event_of(event))

    def said(self, *roles: str, channel: str = "video") -> SuggestionSubmitted:
        return SuggestionSubmitted.model_validate(
            {
                "suggestion_id": SUGGESTION,
                "channel": channel,
                "received_at": SystemClock().now(),
                "text": TEXT,
                "transcript": Transcript(verdict="doubtful", reasons=["low-confidence"], segments=SEGMENTS, engine="e"),
                "media": [self.files[role] for role in roles],
            }
        )

    def copied(self, *roles: str) -> RecordingCopied:
        media = [self.files[role] for role in roles]
        return RecordingCopied(suggestion_id=SUGGESTION, recording_id=SUGGESTION, channel="video", media=media)

    @asynccontextmanager
    async def page(self, *, scripts: bool = True, width: int = 390) -> AsyncIterator[Page]:
        context = await self.browser.new_context(
            viewport={"width": width, "height": 900}, locale="zh-CN", java_script_enabled=scripts
        )
        page = await context.new_page()
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        yield page
        await context.close()

    @asynccontextmanager
    async def clerk(self) -> AsyncIterator[Page]:
        async with self.page(width=1280) as page:
            await page.goto(self.desk_url + "/login")
            await page.fill("#account", "clerk")
            await page.fill("#password", "linghe-clerk")
            await page.click("main button")
            yield page

    @property
    def link(self) -> str:
        return f"{self.site_url}/t/{Receipts(KEY).token(SUGGESTION)}"


@asynccontextmanager
async def served(app: FastAPI, listener: socket.socket) -> AsyncIterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.02)
    yield
    app.state.stopping = True
    server.should_exit = True
    with suppress(asyncio.CancelledError):
        await serving


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A film of six seconds, its sound alone, a picture and captions."""
    room = tmp_path_factory.mktemp("film")
    inputs = ("-f", "lavfi", "-i", "testsrc=s=320x240:r=5:d=6", "-f", "lavfi", "-i", "sine=f=300:d=6")
    for name, options in {
        "web-copy.mp4": ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", "-movflags", "+faststart"),
        "audio.m4a": ("-vn", "-c:a", "aac", "-movflags", "+faststart"),
        "poster.jpg": ("-frames:v", "1", "-update", "1"),
    }.items():
        command = [ffmpeg.find(), "-v", "error", "-y", *inputs, *options, str(room / name)]
        subprocess.run(command, check=True, capture_output=True)
    files = {path.name.split(".")[0]: path.read_bytes() for path in room.iterdir()}
    return {**files, "captions": web_vtt(SEGMENTS).encode(), "original": b"never served"}


@pytest.fixture
async def house(tmp_path: Path, made: dict[str, bytes]) -> AsyncIterator[House]:
    site, desk, media = (socket.create_server(("127.0.0.1", 0)) for _ in range(3))
    site_url, desk_url, media_url = (f"http://127.0.0.1:{one.getsockname()[1]}" for one in (site, desk, media))
    hall = Hall(public_web_url=site_url, public_media_url=media_url)
    uploads = MediaApp(
        tmp_path,
        public_web_url=site_url,
        public_media_url=media_url,
        desk_public_url=desk_url,
        receipt_key=KEY,
        media_grant_key=KEY,
    )
    types = {"web-copy": "video/mp4", "audio": "audio/mp4", "poster": "image/jpeg", "captions": "text/vtt"}
    files = {
        role: MediaRef(
            role=role,
            uri=f"memory:{role}",
            sha256="0" * 64,
            size_bytes=len(data),
            media_type=types.get(role, "video/mp4"),
        )
        for role, data in made.items()
    }
    uploads.originals.held |= {f"memory:{role}": data for role, data in made.items()}
    uploads.recordings.rows[SUGGESTION] = Row(recording_of(), "i", "b", ())
    store, copies = MemoryCases(), MemoryCopies()
    stores = Stores(
        cases=store,
        numbers=CountedNumbers(),
        notices=MemoryNotices(),
        copies=copies,
        lease=HeldLease(),
        issues=MemoryIssues(),
        follow_lease=HeldLease(),
    )
    settings = Settings(
        desk_session_key="k" * 44, desk_demo_accounts="on", media_grant_key=KEY, public_media_url=media_url
    )
    office = bootstrap(settings, district=linghe(), stores=stores)
    async with AsyncExitStack() as stack:
        for app, listener in ((hall.app, site), (office, desk), (uploads.app, media)):
            await stack.enter_async_context(served(app, listener))
        playwright = await stack.enter_async_context(async_playwright())
        browser = await playwright.chromium.launch(**chromium())
        yield House(browser, hall, uploads, store, copies, site_url, desk_url, files)
        await browser.close()


def give(house: House, *roles: str) -> None:
    """The files that the media address has."""
    media = tuple(house.files[role] for role in roles)
    house.media.recordings.outcomes[SUGGESTION] = (Heard(verdict="doubtful"), media, ())


async def loaded(page: Page) -> Locator:
    """The player, once it knows the length of its recording."""
    player = page.locator("#recording")
    for _ in range(100):
        if await player.evaluate(LOADED):
            return player
        await asyncio.sleep(0.1)
    error = await player.evaluate("(player) => player.error && player.error.message")
    raise AssertionError(f"the recording does not load: {error}")


async def seeks_to_its_words(page: Page, player: Locator) -> None:
    await page.locator("button.seek").nth(2).click()
    await expect(page.locator("[data-from].playing")).to_contain_text("希望装上信号灯")
    assert await player.evaluate("(player) => player.currentTime") == pytest.approx(4.2, abs=1.0)
    await player.evaluate("(player) => player.pause()")


async def test_a_resident_plays_a_film_with_captions_and_jumps_to_a_sentence(house: House) -> None:
    give(house, "web-copy", "poster", "captions")
    await house.told(house.said("original", "poster", "captions"), house.copied("web-copy"))
    async with house.page() as page:
        await page.goto(house.link)
        player = await loaded(page)
        assert await player.evaluate("(player) => player.videoWidth") == 320
        cues = await player.evaluate(CUES)
        assert cues == [one.text for one in SEGMENTS]
        await expect(page.locator(".segments .unsure")).to_contain_text("文昌小雪")
        await seeks_to_its_words(page, player)
        wider = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0
    assert house.complaints == []


async def test_a_voice_appears_on_the_open_page_as_soon_as_its_copy_is_there(house: House) -> None:
    give(house)
    await house.told(house.said("original", channel="voice"))
    async with house.page() as page:
        await page.goto(house.link)
        await expect(page.locator(".heard .hint").first).to_contain_text("可播放的副本做好后")
        give(house, "audio")
        await house.told(house.copied("audio"))
        await page.wait_for_selector("#recording", state="attached")
        await seeks_to_its_words(page, await loaded(page))
    assert house.complaints == []


async def test_without_scripts_it_is_a_plain_player(house: House) -> None:
    give(house, "audio")
    await house.told(house.said("original", channel="voice"), house.copied("audio"))
    async with house.page(scripts=False) as page:
        await page.goto(house.link)
        await expect(page.locator("audio[controls]")).to_have_attribute("src", re.compile(r"/media/[^/]+/audio$"))
        await expect(page.locator("button.seek")).to_have_count(0)
        await expect(page.locator("[data-seek]").nth(1)).to_have_text("0:02")
    assert house.complaints == []


async def test_a_long_recording_says_how_far_it_is(house: House) -> None:
    arrived = RecordingReceived(
        suggestion_id=SUGGESTION,
        recording_id=SUGGESTION,
        channel="voice",
        media=house.files["original"],
        received_at=SystemClock().now(),
    )
    await house.told(arrived)
    await house.media.recordings.note_progress(job_of(), 2, 5)
    async with house.page() as page:
        await page.goto(house.link)
        await expect(page.locator(".hearing")).to_contain_text("正在转写 40 %")
        await house.media.recordings.note_progress(job_of(), 4, 5)
        await expect(page.locator(".hearing")).to_contain_text("正在转写 80 %")
    assert house.complaints == []


async def test_a_clerk_hears_what_was_said_corrects_it_and_the_case_finds_its_unit(house: House) -> None:
    give(house, "web-copy", "poster", "captions")
    said = house.said("original", "poster", "captions")
    await OpenCase(Decide(linghe, lambda text: text), house.store, CountedNumbers(), linghe, SystemClock())(
        submitted(said)
    )
    await house.copies.note(SUGGESTION, [house.files["web-copy"]])
    async with house.clerk() as page:
        await page.goto(f"{house.desk_url}/cases/{SUGGESTION}")
        player = await loaded(page)
        assert await player.evaluate(CUES) == [one.text for one in SEGMENTS]
        beside, film = await page.locator(".segments-box").bounding_box(), await player.bounding_box()
        assert beside is not None
        assert film is not None
        assert beside["x"] >= film["x"] + film["width"]
        assert abs(beside["y"] - film["y"]) < 40
        await seeks_to_its_words(page, player)
        await page.fill("textarea[name=text]", SIGNALS)
        await page.click("text=保存文字")
        await expect(page.locator("h1 .state")).to_have_text("办理中")
        await expect(page.locator(".note", has_text="文字已经受理员听录音更正")).to_be_visible()
        await expect(page.locator(".segments .weak")).to_contain_text("文昌小雪")
        await loaded(page)  # the new page has grants of its own
    assert house.store.cases[SUGGESTION].text == SIGNALS
    assert house.complaints == []


async def test_a_page_of_another_origin_may_not_read_what_a_grant_opens(house: House) -> None:
    give(house, "audio")
    said = house.said("original", channel="voice")
    await OpenCase(Decide(linghe, lambda text: text), house.store, CountedNumbers(), linghe, SystemClock())(
        submitted(said)
    )
    await house.copies.note(SUGGESTION, [house.files["audio"]])
    async with house.clerk() as page:
        await page.goto(f"{house.desk_url}/cases/{SUGGESTION}")
        granted = await page.locator("#recording").get_attribute("src")
        elsewhere = socket.create_server(("127.0.0.1", 0))
        async with served(FastAPI(), elsewhere):
            await page.goto(f"http://127.0.0.1:{elsewhere.getsockname()[1]}/docs-that-are-not")
            read = "(address) => fetch(address).then(() => 'read', () => 'refused')"
            assert await page.evaluate(read, granted) == "refused"
