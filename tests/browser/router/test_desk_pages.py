"""The desk in a real browser: a clerk decides, a unit answers, nothing breaks the strict policy."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn
from playwright.async_api import Browser, Page, async_playwright, expect

from router.bootstrap import Stores, bootstrap
from router.handlers.decide import Decide
from router.handlers.follow import FollowIssues
from router.handlers.open_case import OpenCase
from router.settings import Settings
from shared.clock import SystemClock
from shared.contracts.suggestions import Segment, Transcript
from tests.support.browsing import chromium
from tests.support.casework import (
    CountedNumbers,
    HeldLease,
    MemoryCases,
    MemoryCopies,
    MemoryIssues,
    MemoryNotices,
    said,
    submitted,
)
from tests.support.letter_box import PHONE, MemoryLetters, letter
from tests.support.pack import linghe

pytestmark = pytest.mark.browser
DOUBTFUL = Transcript(
    verdict="doubtful",
    reasons=["low-confidence"],
    segments=[
        Segment(start_s=0, end_s=3.2, text="这个早市的摊位乱摆，", confidence=0.91),
        Segment(start_s=3.2, end_s=6.0, text="早上车都过不去。", confidence=0.43),
    ],
    engine="faster-whisper",
    model="base",
)


@dataclass
class Office:
    """A desk being served, a browser, and what the browser complained about."""

    url: str
    browser: Browser
    store: MemoryCases
    numbers: CountedNumbers
    issues: MemoryIssues
    letters: MemoryLetters
    complaints: list[str] = field(default_factory=list)

    async def opened(self, text: str, **fields: object) -> str:
        data = said(text, **fields)
        open_case = OpenCase(Decide(linghe, lambda t: t), self.store, self.numbers, linghe, SystemClock())
        await open_case(submitted(data))
        return data.suggestion_id

    async def follow(self) -> None:
        await FollowIssues(self.store, self.issues, HeldLease(), lambda t: t, SystemClock()).once()

    async def page(self, name: str, *, width: int = 1280, language: str = "zh-CN", scripts: bool = False) -> Page:
        """Signed in; without scripts, since the desk needs none."""
        context = await self.browser.new_context(
            viewport={"width": width, "height": 900}, locale=language, java_script_enabled=scripts
        )
        page = await context.new_page()
        page.on("console", lambda one: self.complaints.append(one.text) if one.type == "error" else None)
        await page.goto(self.url + "/")
        await page.fill("#account", name)
        await page.fill("#password", f"linghe-{name}")
        await page.click("main button")
        return page


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    store, numbers, issues = MemoryCases(), CountedNumbers(), MemoryIssues()
    letters = MemoryLetters(letter(3), letter(4, b"\xff\x00", error_type="unreadable", error="unreadable: ValueError"))
    app = bootstrap(
        Settings(desk_session_key="k" * 44, desk_demo_accounts="on"),
        district=linghe(),
        stores=Stores(
            cases=store,
            numbers=numbers,
            notices=MemoryNotices(),
            copies=MemoryCopies(),
            lease=HeldLease(),
            issues=issues,
            follow_lease=HeldLease(),
            letters=letters,
        ),
    )
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**chromium())
        while not server.started:
            await asyncio.sleep(0.05)
        yield Office(f"http://127.0.0.1:{listener.getsockname()[1]}", browser, store, numbers, issues, letters)
        await browser.close()
    server.should_exit = True
    with suppress(asyncio.CancelledError):
        await serving


async def test_a_clerk_works_off_the_queue_and_the_unit_answers(office: Office) -> None:
    suggestion = await office.opened("这个早市的摊位乱摆，早上车都过不去。", channel="voice", transcript=DOUBTFUL)
    await office.opened("我家楼下着火了，火很大，快来人！")
    clerk = await office.page("clerk")
    await expect(clerk.locator(".queue li").first).to_contain_text("着火了")
    await clerk.locator(".queue li", has_text="早市").locator("a.cover").click()
    await expect(clerk.locator("mark").first).to_have_text("早市")
    await expect(clerk.locator(".segments .weak")).to_contain_text("早上车都过不去")
    await clerk.locator(".alternatives button").first.click()
    await expect(clerk.locator("h1 .state")).to_have_text("办理中")
    unit = office.store.cases[suggestion].unit
    assert unit is not None
    assert unit.id == "chengguanju"
    await clerk.close()
    handler = await office.page("handler-chengguan")
    await handler.locator(".list a", has_text="LH-").first.click()
    await handler.check("input[value='partly-adopted']")
    await handler.fill("textarea[name='answer']", "已划线规范，每日7点前有人值守。")
    await handler.click("text=答复建议人")
    await expect(handler.locator("h1 .state")).to_have_text("已答复")
    await expect(handler.locator(".answer")).to_contain_text("部分采纳")
    assert office.store.cases[suggestion].state == "resolved"
    assert office.complaints == []


async def test_pages_fit_a_narrow_screen_and_speak_english_on_request(office: Office) -> None:
    suggestion = await office.opened("盲道被共享单车占满了，建议划定停放区，人民路最严重。")
    page = await office.page("leader", width=390, language="en-GB", scripts=True)
    await office.opened("人民路的盲道总被共享单车占满，建议划定停放区。")
    await office.follow()
    for path in ("/queue", "/cases", "/issues", f"/issues/{suggestion}", f"/cases/{suggestion}"):
        await page.goto(office.url + path)
        wider = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, path
    await expect(page.locator("h2", has_text="Why it is where it is")).to_be_visible()
    await page.click("text=中文")
    await expect(page.locator("h2", has_text="为什么分到这里")).to_be_visible()
    assert office.complaints == []


async def test_a_leader_reads_but_finds_no_buttons_to_decide(office: Office) -> None:
    suggestion = await office.opened("希望政府多想想办法，让大家的日子过得更好一些。")
    page = await office.page("leader")
    await page.goto(f"{office.url}/cases/{suggestion}")
    await expect(page.locator("form[action$='/assign']")).to_have_count(0)
    await expect(page.locator("form[action$='/decline']")).to_have_count(0)


async def test_a_clerk_merges_what_may_be_the_same_with_one_click(office: Office) -> None:
    lead = await office.opened(
        "人民路的盲道被共享单车占满了，建议划定停放区。", suggestion_id="01KAVQ00000000000000000001"
    )
    other = await office.opened(
        "人民路的盲道总被共享单车占满，建议划定停放区。", suggestion_id="01KAVQ00000000000000000002"
    )
    await office.follow()
    clerk = await office.page("clerk")
    await clerk.click("nav >> text=热点")
    await clerk.locator(".list a").first.click()
    await clerk.locator(f".list a[href='/cases/{other}']").click()
    await expect(clerk.locator("h2", has_text="可能重复")).to_be_visible()
    await clerk.click("button:text('并案办理')")
    await expect(clerk.locator("h1 .state")).to_have_text("并案办理")
    assert office.store.cases[other].merged_into == lead
    assert office.complaints == []


async def test_a_clerk_mends_a_dead_letter_without_scripts(office: Office, tmp_path: Path) -> None:
    clerk = await office.page("clerk")
    await clerk.click("nav >> text=死信")
    await clerk.screenshot(path=tmp_path / "letters.png")
    await clerk.locator(".list tr", has_text="时间未注明时区").locator("a").click()
    await expect(clerk.locator("pre.raw")).not_to_contain_text(PHONE)
    await clerk.click("text=显示个人信息")
    await expect(clerk.locator("pre.raw")).to_contain_text(PHONE)
    await clerk.screenshot(path=tmp_path / "shown.png", full_page=True)
    value = await clerk.input_value("textarea[name='value']")
    await clerk.locator("section", has=clerk.locator("textarea")).locator("text=试运行").click()
    await expect(clerk.locator(".trial")).to_contain_text("重发后仍会成为死信：时间未注明时区")
    await clerk.fill("textarea[name='value']", value.replace("T09:00:00", "T09:00:00+08:00"))
    await clerk.locator("section", has=clerk.locator("textarea")).locator("text=试运行").click()
    await expect(clerk.locator(".trial")).to_contain_text("可读作 hotline.submitted.v1")
    await clerk.screenshot(path=tmp_path / "tried.png", full_page=True)
    assert office.letters.sent == []
    await clerk.click("text=发送修改后的消息")
    await expect(clerk.locator("h1 .state")).to_have_text("已修改重发")
    [(topic, sent)] = office.letters.sent
    assert (topic, b"+08:00" in (sent or b"")) == ("hotline-submissions", True)
    await expect(clerk.locator(".history li")).to_have_count(2)
    narrow = await office.page("clerk", width=390, language="en-GB", scripts=True)
    for path in ("/letters?handled=true", "/letters/hotline-submissions/0/4"):
        await narrow.goto(office.url + path)
        assert await narrow.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    await expect(narrow.locator("h1")).to_contain_text("Open")
    assert office.complaints == []
