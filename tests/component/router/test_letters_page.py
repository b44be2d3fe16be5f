"""The desk's page of dead letters over memory: who may, what is covered, what each form does."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import httpx2
import pytest

from router.bootstrap import Stores, bootstrap
from router.settings import Settings
from tests.support.casework import CountedNumbers, HeldLease, MemoryCases, MemoryCopies, MemoryIssues, MemoryNotices
from tests.support.clock import FrozenClock
from tests.support.letter_box import PHONE, SECRET, MemoryLetters, letter, work_order
from tests.support.pack import linghe

BASE = "http://desk.test"
ONE = "/letters/hotline-submissions/0/3"
FAILED = {"failed_at": "2026-11-24T01:00:03Z"}
MENDED = work_order(received_at="2026-11-24T09:00:00+08:00").decode()


@pytest.fixture
def box() -> MemoryLetters:
    return MemoryLetters(letter(3), letter(4, b"\xff\x00", error_type="KeyError", error="the handler failed"))


def desk(box: MemoryLetters | None) -> httpx2.AsyncClient:
    stores = Stores(
        cases=MemoryCases(),
        numbers=CountedNumbers(),
        notices=MemoryNotices(),
        copies=MemoryCopies(),
        lease=HeldLease(),
        issues=MemoryIssues(),
        follow_lease=HeldLease(),
        letters=box,
    )
    settings = Settings(desk_session_key="k" * 44, desk_demo_accounts="on")
    app = bootstrap(settings, clock=FrozenClock(), district=linghe(), stores=stores)
    headers = {"accept": "text/html", "accept-language": "zh-CN"}
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=BASE, headers=headers)


async def signed_in(client: httpx2.AsyncClient, name: str) -> None:
    answer = await client.post("/login", data={"account": name, "password": f"linghe-{name}"})
    assert answer.status_code == 303, answer.text


@pytest.fixture
async def clerk(box: MemoryLetters) -> AsyncIterator[httpx2.AsyncClient]:
    async with desk(box) as client:
        await signed_in(client, "clerk")
        yield client


async def test_only_the_lead_offices_clerks_see_and_touch_dead_letters(box: MemoryLetters) -> None:
    async with desk(box) as client:
        for path in ("/letters", ONE):
            assert (await client.get(path)).headers["location"] == "/login"
        for act in ("show", "replay", "repair", "drop"):
            assert (await client.post(f"{ONE}/{act}", data=FAILED)).headers["location"] == "/login"
    for name in ("supervisor", "leader", "handler-shizheng"):
        async with desk(box) as client:
            await signed_in(client, name)
            assert "/letters" not in (await client.get("/cases")).text
            for path in ("/letters", ONE):
                assert (await client.get(path)).status_code == 403
            for act in ("show", "replay", "repair", "drop"):
                form = {**FAILED, "value": MENDED, "reason": "x"}
                assert (await client.post(f"{ONE}/{act}", data=form)).status_code == 403
    assert box.sent == []
    assert box.kept["hotline-submissions", 0, 3].acts == ()


async def test_the_list_says_in_plain_words_why_whence_when_and_how_often(clerk: httpx2.AsyncClient) -> None:
    page = (await clerk.get("/letters")).text
    for word in ("时间未注明时区", "received_at: value_error", "我方程序故障", "分区 5，偏移 77", "2026-11-24 09:00"):
        assert word in page
    assert (await clerk.get("/letters?topic=cases")).text.count(ONE) == 0
    english = (await clerk.get("/letters", headers={"accept-language": "en"})).text
    assert "A time has no zone" in english
    assert SECRET not in page + english


async def test_personal_data_is_covered_until_somebody_asks_and_that_is_noted(
    clerk: httpx2.AsyncClient, box: MemoryLetters
) -> None:
    page = await clerk.get(ONE)
    assert page.headers["cache-control"] == "no-store"
    for hidden in (SECRET, PHONE, "路灯"):
        assert hidden not in page.text
    assert "<textarea" not in page.text
    assert box.kept["hotline-submissions", 0, 3].acts == ()
    shown = await clerk.post(ONE + "/show", data=FAILED)
    assert shown.status_code == 200
    for found in (SECRET, PHONE, "路灯", "<textarea", "查看了个人信息 · desk:clerk"):
        assert found in shown.text
    assert [(act.by, act.what) for act in box.kept["hotline-submissions", 0, 3].acts] == [("desk:clerk", "shown")]
    assert SECRET not in (await clerk.get(ONE)).text


async def test_a_dry_run_says_what_would_happen_and_sends_nothing(
    clerk: httpx2.AsyncClient, box: MemoryLetters
) -> None:
    as_it_is = await clerk.post(ONE + "/replay", data={**FAILED, "dry_run": "1"})
    assert "重发后仍会成为死信" in as_it_is.text
    assert SECRET not in as_it_is.text
    mended = await clerk.post(ONE + "/repair", data={**FAILED, "value": MENDED, "dry_run": "1"})
    assert "可读作 hotline.submitted.v1" in mended.text
    assert (box.sent, box.kept["hotline-submissions", 0, 3].acts) == ([], ())


async def test_a_mended_letter_goes_out_once_and_a_second_time_is_refused(
    clerk: httpx2.AsyncClient, box: MemoryLetters
) -> None:
    form = {**FAILED, "value": MENDED.replace("\n", "\r\n")}
    assert (await clerk.post(ONE + "/repair", data=form)).status_code == 303
    assert box.sent == [("hotline-submissions", MENDED.encode())]
    again = await clerk.post(ONE + "/replay", data=FAILED)
    assert (again.status_code, len(box.sent)) == (409, 1)
    assert "该死信已经处理过" in again.text
    page = (await clerk.get(ONE)).text
    assert "已修改重发" in page
    assert "/replay" not in page
    assert (await clerk.get("/letters")).text.count(ONE) == 0
    assert (await clerk.get("/letters?handled=true")).text.count(ONE) == 1


async def test_a_repair_that_would_come_back_or_be_another_event_is_refused(
    clerk: httpx2.AsyncClient, box: MemoryLetters
) -> None:
    for value in (work_order().decode(), "no JSON", MENDED.replace('"id": "01KAV', '"id": "01XYZ'), ""):
        answer = await clerk.post(ONE + "/repair", data={**FAILED, "value": value})
        assert answer.status_code == 422, value
    assert box.sent == []


async def test_a_letter_is_laid_aside_only_for_a_reason(clerk: httpx2.AsyncClient, box: MemoryLetters) -> None:
    assert (await clerk.post(ONE + "/drop", data={**FAILED, "reason": " "})).status_code == 422
    assert (await clerk.post(ONE + "/drop", data={**FAILED, "reason": "测试数据"})).status_code == 303
    assert box.kept["hotline-submissions", 0, 3].acts[-1].reason == "测试数据"
    assert "测试数据" in (await clerk.get(ONE)).text


async def test_a_page_that_shows_another_letter_than_the_place_holds_now_acts_on_none(
    clerk: httpx2.AsyncClient, box: MemoryLetters
) -> None:
    for act in ("show", "replay", "drop"):
        form = {"failed_at": "2026-11-23T00:00:00Z", "reason": "x"}
        assert (await clerk.post(f"{ONE}/{act}", data=form)).status_code == 404
        assert (await clerk.post(f"{ONE}/{act}", data={"reason": "x"})).status_code == 404
    for path in ("/letters/nonsense/0/3", "/letters/hotline-submissions/0/9"):
        assert (await clerk.get(path)).status_code == 404
    assert box.sent == []


async def test_bytes_are_shown_as_hexadecimal_and_markup_as_text(clerk: httpx2.AsyncClient, box: MemoryLetters) -> None:
    at = {"failed_at": "2026-11-24T01:00:04Z"}
    assert "ff 00" in (await clerk.post("/letters/hotline-submissions/0/4/show", data=at)).text
    markup = letter(5, b'<script>alert(1)</script>"', headers=(("<u>", b"<i>"),))
    box.kept["hotline-submissions", 0, 5] = markup
    page = (await clerk.post("/letters/hotline-submissions/0/5/show", data={"failed_at": markup.failed_at or ""})).text
    assert not re.search(r"<script|<u>|<i>", page)
    assert "&lt;script&gt;" in page


async def test_without_kafka_or_without_a_login_the_page_says_so(clerk: httpx2.AsyncClient, box: MemoryLetters) -> None:
    box.away = True
    answer = await clerk.get("/letters")
    assert answer.status_code == 503
    assert "Kafka 暂无响应" in answer.text
    async with desk(None) as client:
        await signed_in(client, "clerk")
        assert "DESK_OPERATOR_KAFKA_PASSWORD" in (await client.get("/letters")).text
        assert (await client.get(ONE)).status_code == 404
