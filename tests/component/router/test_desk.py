"""The desk as a whole over memory: sessions, rights, forms, headers, languages."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, Request

from router.bootstrap import Stores, bootstrap
from router.handlers.decide import Decide
from router.handlers.follow import FollowIssues
from router.handlers.open_case import OpenCase
from router.routes.playing import GRANTED_FOR
from router.routes.rendering import Pages
from router.settings import Settings
from shared.contracts.suggestions import MediaRef, Segment, Transcript
from shared.media_grants import DESK, MediaGrants
from tests.support.casework import (
    SIGNALS,
    VAGUE,
    CountedNumbers,
    HeldLease,
    MemoryCases,
    MemoryCopies,
    MemoryIssues,
    MemoryNotices,
    said,
    submitted,
)
from tests.support.clock import FrozenClock
from tests.support.pack import linghe

PAGE = {"accept": "text/html", "accept-language": "zh-CN"}
BASE, MEDIA = "http://desk.test", "http://media.test"
KEY = base64.b64encode(b"g" * 32).decode()


@pytest.fixture
def store() -> MemoryCases:
    return MemoryCases()


@pytest.fixture
def issues() -> MemoryIssues:
    return MemoryIssues()


@pytest.fixture
def copies() -> MemoryCopies:
    return MemoryCopies()


@pytest.fixture
def app(store: MemoryCases, issues: MemoryIssues, copies: MemoryCopies) -> FastAPI:
    return desk_over(store, issues, copies)


def desk_over(store: MemoryCases, issues: MemoryIssues, copies: MemoryCopies, **changes: Any) -> FastAPI:
    settings = Settings(
        **{
            "desk_session_key": "k" * 44,
            "desk_demo_accounts": "on",
            "media_grant_key": KEY,
            "public_media_url": MEDIA,
            **changes,
        }
    )
    stores = Stores(
        cases=store,
        numbers=CountedNumbers(),
        notices=MemoryNotices(),
        copies=copies,
        lease=HeldLease(),
        issues=issues,
        follow_lease=HeldLease(),
    )
    return bootstrap(settings, clock=FrozenClock(), district=linghe(), stores=stores)


@pytest.fixture
async def visitor(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=BASE, headers=PAGE) as client:
        yield client


async def signed_in(client: httpx2.AsyncClient, name: str = "clerk") -> httpx2.AsyncClient:
    answer = await client.post("/login", data={"account": name, "password": f"linghe-{name}"})
    assert answer.status_code == 303, answer.text
    return client


async def opened(store: MemoryCases, text: str, **fields: object) -> str:
    data = said(text, **fields)
    open_case = OpenCase(Decide(linghe, lambda t: t), store, CountedNumbers(), linghe, FrozenClock())
    await open_case(submitted(data))
    return data.suggestion_id


async def test_without_a_session_every_page_leads_to_the_login(visitor: httpx2.AsyncClient) -> None:
    for path in ("/", "/queue", "/cases", "/cases/01K"):
        answer = await visitor.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    for path in ("/cases/01K/assign", "/cases/01K/decline", "/cases/01K/resolve", "/cases/01K/acknowledge"):
        answer = await visitor.post(path, data={"version": "1"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert (await visitor.get("/api/v1/cases/01K", headers={"accept": "application/json"})).status_code == 401


async def test_the_session_cookie_is_hidden_from_scripts_and_forged_ones_are_refused(
    visitor: httpx2.AsyncClient,
) -> None:
    answer = await visitor.post("/login", data={"account": "clerk", "password": "linghe-clerk"})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    value = cookie.split(";")[0].split("=", 1)[1]
    visitor.cookies.clear()
    for forged in (value[:-2] + ("AA" if not value.endswith("AA") else "BB"), "x", ""):
        answer = await visitor.get("/queue", headers={"cookie": f"desk_session={forged}"})
        assert answer.status_code == 303


async def test_a_wrong_password_is_said_in_the_readers_language(visitor: httpx2.AsyncClient) -> None:
    answer = await visitor.post("/login", data={"account": "clerk", "password": "nein"})
    assert answer.status_code == 403
    assert "账号或密码不对" in answer.text
    answer = await visitor.post(
        "/login", data={"account": "clerk", "password": "nein"}, headers={"accept-language": "en"}
    )
    assert "The account or the password is not right" in answer.text


async def test_a_form_from_another_site_is_refused_before_anything_happens(
    visitor: httpx2.AsyncClient, store: MemoryCases
) -> None:
    suggestion = await opened(store, VAGUE)
    await signed_in(visitor)
    form = {"version": "1", "unit": "jiaoyuju"}
    for origin in ("https://evil.example", "null", "http://desk.test.evil.example"):
        answer = await visitor.post(f"/cases/{suggestion}/assign", data=form, headers={"origin": origin})
        assert answer.status_code == 403
    assert store.cases[suggestion].state == "in-review"
    answer = await visitor.post(f"/cases/{suggestion}/assign", data=form, headers={"origin": BASE})
    assert answer.status_code == 303
    assert store.cases[suggestion].state == "assigned"


async def test_every_answer_carries_the_strict_headers_and_pages_have_nothing_inline(
    visitor: httpx2.AsyncClient, store: MemoryCases
) -> None:
    suggestion = await opened(store, SIGNALS)
    await signed_in(visitor)
    for path in ("/login", "/queue", "/cases", f"/cases/{suggestion}", "/static/desk.css", "/nowhere"):
        answer = await visitor.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=|https?://", answer.text)
    assert (await visitor.get("/queue")).headers["cache-control"] == "no-store"


async def test_what_a_resident_wrote_is_shown_as_text_never_as_markup(
    visitor: httpx2.AsyncClient, store: MemoryCases
) -> None:
    suggestion = await opened(store, '希望装红绿灯<img src=x onerror="alert(1)"><script>alert(2)</script>')
    await signed_in(visitor)
    for path in ("/cases", f"/cases/{suggestion}"):
        page = (await visitor.get(path)).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "&lt;img src=x" in page or "&lt;img" in page


async def test_the_queue_shows_emergencies_first_and_why_each_waits(
    visitor: httpx2.AsyncClient, store: MemoryCases
) -> None:
    await opened(store, VAGUE)
    await opened(store, "我家楼下着火了，火很大，快来人！")
    await signed_in(visitor)
    page = (await visitor.get("/queue")).text
    assert page.index("着火了") < page.index("多想想办法")
    assert linghe().screening.reasons["no-match"].zh in page


async def test_the_case_page_says_why_it_is_where_it_is(visitor: httpx2.AsyncClient, store: MemoryCases) -> None:
    heard = Transcript(
        verdict="clear", segments=[Segment(start_s=0, end_s=2.5, text=SIGNALS, confidence=0.42)], engine="e", model="m"
    )
    suggestion = await opened(store, SIGNALS, channel="voice", transcript=heard, contact_id="secret-reference")
    await signed_in(visitor)
    page = (await visitor.get(f"/cases/{suggestion}")).text
    case = store.cases[suggestion]
    assert case.due is not None
    for piece in (
        '<mark class="mark-word" title="关键词">红绿灯</mark>',
        "区交警大队",
        "signals",
        linghe().version,
        case.due.computation,
        'data-seek="0.0">0:00<',
        "42%",
        "为什么分到这里",
    ):
        assert piece in page
    assert "secret-reference" not in page
    document = (await visitor.get(f"/api/v1/cases/{suggestion}")).json()
    assert document["decision"]["versions"]["pack"] == linghe().version
    assert "secret-reference" not in str(document)


async def test_a_clerk_assigns_to_an_alternative_with_one_click(
    visitor: httpx2.AsyncClient, store: MemoryCases
) -> None:
    suggestion = await opened(store, "盲道被共享单车占满了，建议划定停放区，人民路最严重。")
    before = store.cases[suggestion]
    other = before.decision.alternatives[0].unit
    assert other is not None
    await signed_in(visitor)
    page = (await visitor.get(f"/cases/{suggestion}")).text
    assert f'name="unit" value="{other.id}"' in page
    form = {
        "version": str(before.version),
        "unit": other.id,
        "class_id": before.decision.alternatives[0].class_id or "",
    }
    assert (await visitor.post(f"/cases/{suggestion}/assign", data=form)).status_code == 303
    after = store.cases[suggestion]
    assert after.unit == other
    assert (await visitor.post(f"/cases/{suggestion}/assign", data=form)).status_code == 409
    assert store.told()[-1] == "case.assigned.v1"


async def test_decline_and_resolve_by_form(visitor: httpx2.AsyncClient, store: MemoryCases) -> None:
    declined, answered = await opened(store, VAGUE), await opened(store, SIGNALS)
    await signed_in(visitor)
    await visitor.post(f"/cases/{declined}/decline", data={"version": "1", "ground": "R12", "reason": "请补充"})
    assert store.cases[declined].ground == "R12"
    form = {"version": "1", "outcome": "not-adopted", "answer": "经核实，该路口已有信号灯。", "reason": ""}
    assert (await visitor.post(f"/cases/{answered}/resolve", data=form)).status_code == 403
    await visitor.post("/logout")
    await signed_in(visitor, "handler-jiaojing")
    refused = await visitor.post(f"/cases/{answered}/resolve", data=form)
    assert (refused.status_code, "请说明不采纳的理由" in refused.text) == (422, True)
    form["reason"] = "已有设施"
    assert (await visitor.post(f"/cases/{answered}/resolve", data=form)).status_code == 303
    assert store.cases[answered].state == "resolved"
    assert "已有设施" in (await visitor.get(f"/cases/{answered}")).text


async def test_a_handler_sees_its_own_cases_and_no_queue(visitor: httpx2.AsyncClient, store: MemoryCases) -> None:
    mine, foreign = await opened(store, SIGNALS), await opened(store, "公交站没有候车亭，下雨天老人没处躲，建议加装。")
    await signed_in(visitor, "handler-jiaojing")
    assert (await visitor.get("/")).headers["location"] == "/cases?state=assigned"
    assert (await visitor.get("/queue")).status_code == 403
    page = (await visitor.get("/cases")).text
    assert mine in page
    assert foreign not in page
    assert (await visitor.get(f"/cases/{foreign}")).status_code == 404
    assert "没有这个案件" in (await visitor.get(f"/cases/{foreign}")).text


async def test_a_case_number_in_the_search_opens_the_case(visitor: httpx2.AsyncClient, store: MemoryCases) -> None:
    suggestion = await opened(store, SIGNALS)
    store.cases[suggestion] = store.cases[suggestion].model_copy(update={"number": "LH-2026-000777"})
    await signed_in(visitor)
    answer = await visitor.get("/cases", params={"q": "lh-2026-000777"})
    assert answer.headers["location"] == f"/cases/{suggestion}"
    assert "没有符合条件的案件" in (await visitor.get("/cases", params={"q": "LH-2026-999999"})).text


async def test_the_language_is_kept_and_the_way_back_stays_on_the_desk(visitor: httpx2.AsyncClient) -> None:
    await signed_in(visitor)
    answer = await visitor.post("/language/en", data={"back": "/cases"})
    assert answer.headers["location"] == "/cases"
    assert "Review queue" in (await visitor.get("/cases")).text
    for away in ("//evil.example", "https://evil.example", "/\\evil.example"):
        assert (await visitor.post("/language/zh-CN", data={"back": away})).headers["location"] == "/"


async def test_files_outside_the_static_room_are_not_served(visitor: httpx2.AsyncClient) -> None:
    for name in ("..%2Fsettings.py", "settings.py", "desk.css.map", "%2e%2e"):
        assert (await visitor.get(f"/static/{name}")).status_code == 404


async def test_the_clock_is_part_of_readiness(visitor: httpx2.AsyncClient) -> None:
    checks = (await visitor.get("/health/ready")).json()["checks"]
    assert "clock" in checks


async def test_sign_in_ends_after_a_working_day(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("router.routes.sessions.SESSION_S", -1)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=BASE, headers=PAGE) as client:
        answer = await client.post("/login", data={"account": "clerk", "password": "linghe-clerk"})
        value = answer.headers["set-cookie"].split(";")[0]
        assert (await client.get("/queue", headers={"cookie": value})).headers["location"] == "/login"


async def test_what_a_clerk_taught_is_listed_and_taken_back_with_one_click(
    visitor: httpx2.AsyncClient, store: MemoryCases
) -> None:
    suggestion = await opened(store, VAGUE)
    await signed_in(visitor)
    assert "还没有样例" in (await visitor.get("/examples")).text
    form = {"version": "1", "unit": "minzhengju", "class_id": "civil"}
    await visitor.post(f"/cases/{suggestion}/assign", data=form)
    assert "民政" in (await visitor.get("/examples")).text
    answer = await visitor.post(f"/cases/{suggestion}/example/remove", data={"version": "2"})
    assert answer.headers["location"] == "/examples"
    assert "还没有样例" in (await visitor.get("/examples")).text


async def test_hot_issues_lead_to_their_cases_and_one_click_merges_or_dismisses(
    visitor: httpx2.AsyncClient, store: MemoryCases, issues: MemoryIssues
) -> None:
    lights = (SIGNALS, "文昌小学门口的路口一直没有红绿灯，孩子过马路很危险，请装信号灯。")
    lead = await opened(store, lights[0], suggestion_id="01KAVQ00000000000000000001", contact_id="a")
    other = await opened(store, lights[1], suggestion_id="01KAVQ00000000000000000002", contact_id="b")
    await FollowIssues(store, issues, HeldLease(), lambda t: t, FrozenClock()).once()
    await signed_in(visitor)
    hot = (await visitor.get("/issues")).text
    assert "红绿灯" in hot
    assert f"/issues/{lead}" in hot
    members = (await visitor.get(f"/issues/{lead}")).text
    assert all(f"/cases/{one}" in members for one in (lead, other))
    page = (await visitor.get(f"/cases/{other}")).text
    assert "可能重复" in page
    assert "内容相近" in page
    merged = await visitor.post(f"/cases/{other}/merge", data={"version": "1", "into": lead})
    assert merged.status_code == 303
    assert "并案于" in (await visitor.get(f"/cases/{other}")).text
    assert f"/cases/{other}" in (await visitor.get(f"/cases/{lead}")).text
    answer = await visitor.post(f"/cases/{other}/dismiss", data={"version": "2", "other": lead})
    assert answer.status_code == 422
    assert "该提示已不存在" in answer.text


async def test_the_draft_for_a_merged_case_is_the_leading_cases_answer(
    visitor: httpx2.AsyncClient, store: MemoryCases
) -> None:
    lead, other = await opened(store, SIGNALS), await opened(store, SIGNALS)
    await signed_in(visitor)
    await visitor.post(f"/cases/{other}/merge", data={"version": "1", "into": lead})
    await visitor.post("/logout")
    await signed_in(visitor, "handler-jiaojing")
    await visitor.post(
        f"/cases/{lead}/resolve", data={"version": "1", "outcome": "adopted", "answer": "已列入十二月的计划。"}
    )
    assert store.cases[lead].state == "resolved"
    page = (await visitor.get(f"/cases/{other}")).text
    assert "已列入十二月的计划。</textarea>" in page
    assert store.cases[other].state == "merged"


async def test_every_page_names_the_pack_in_force(visitor: httpx2.AsyncClient) -> None:
    await signed_in(visitor)
    page = (await visitor.get("/queue")).text
    assert linghe().version in page
    assert "已拒绝" not in page


async def test_a_refused_pack_is_said_at_the_foot_of_the_desk() -> None:
    asked = Request({"type": "http", "method": "GET", "path": "/issues", "headers": [], "query_string": b""})
    account = next(one for one in linghe().accounts if one.id == "clerk")
    pages = Pages(linghe, lambda: "routing.yaml: signals.examples.0: the example is taken by 'bus'")
    shown = pages.page(asked, "issues.html", account=account, waiting=0, issues=[])
    text = bytes(shown.body).decode()
    assert "已拒绝" in text
    assert "routing.yaml" in text


DOUBTFUL = Transcript(
    verdict="doubtful",
    segments=[Segment(start_s=0, end_s=2.5, text="文昌小雪", confidence=0.42)],
    engine="e",
    model="m",
)


def media(*roles: str) -> list[MediaRef]:
    kinds = {"poster": "image/jpeg", "captions": "text/vtt", "web-copy": "video/mp4"}
    return [
        MediaRef(
            role=role, uri=f"file:///b/{role}", sha256="0" * 64, size_bytes=1, media_type=kinds.get(role, "audio/mp4")
        )
        for role in roles
    ]


async def test_a_clerk_plays_a_film_beside_its_words_by_grants_for_each_file(
    visitor: httpx2.AsyncClient, store: MemoryCases, copies: MemoryCopies
) -> None:
    suggestion = await opened(
        store, "文昌小雪", channel="video", transcript=DOUBTFUL, media=media("original", "captions", "poster")
    )
    await signed_in(visitor)
    before = (await visitor.get(f"/cases/{suggestion}")).text
    assert "可播放的副本尚未生成" in before
    assert "<video" not in before
    assert "player.js" not in before
    await copies.note(suggestion, media("web-copy"))
    answer = await visitor.get(f"/cases/{suggestion}")
    granted = re.findall(rf'="{re.escape(MEDIA)}/media/desk/([^/"]+)/([a-z-]+)"', answer.text)
    found = {role: grant for grant, role in granted}
    assert set(found) == {"playback", "captions", "poster"}
    grants, now = MediaGrants(KEY), FrozenClock().now()
    for role, grant in found.items():
        assert grants.suggestion_of(grant, role, audience=DESK, now=now) == suggestion
        assert grants.suggestion_of(grant, "original", audience=DESK, now=now) is None
        assert grants.suggestion_of(grant, role, audience=DESK, now=now + GRANTED_FOR) is None
    policy = answer.headers["content-security-policy"]
    assert f"media-src {MEDIA};" in policy
    assert f"img-src 'self' data: {MEDIA};" in policy
    assert "/media/desk/" not in (await visitor.get(f"/api/v1/cases/{suggestion}")).text


async def test_a_desk_without_a_key_plays_nothing_and_still_shows_the_words(store: MemoryCases) -> None:
    suggestion = await opened(store, "文昌小雪", channel="voice", transcript=DOUBTFUL, media=media("original", "audio"))
    app = desk_over(store, MemoryIssues(), MemoryCopies(), media_grant_key=None)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=BASE, headers=PAGE) as visitor:
        await signed_in(visitor)
        page = (await visitor.get(f"/cases/{suggestion}")).text
    assert "<audio" not in page
    assert "文昌小雪" in page


async def test_a_unit_hears_no_sealed_voice(
    visitor: httpx2.AsyncClient, store: MemoryCases, copies: MemoryCopies
) -> None:
    heard = DOUBTFUL.model_copy(update={"verdict": "clear"})
    suggestion = await opened(
        store, SIGNALS, channel="voice", transcript=heard, media=media("original"), identity="sealed"
    )
    await copies.note(suggestion, media("audio"))
    unit = store.cases[suggestion].unit
    assert unit is not None
    assert unit.id == "jiaojing"
    await signed_in(visitor, "handler-jiaojing")
    page = (await visitor.get(f"/cases/{suggestion}")).text
    assert "/media/desk/" not in page
    assert "声音会透露说话人" in page
    await visitor.post("/logout")
    await signed_in(visitor)
    assert "/media/desk/" in (await visitor.get(f"/cases/{suggestion}")).text


async def test_a_clerk_corrects_by_form_and_the_case_is_decided_anew(
    visitor: httpx2.AsyncClient, store: MemoryCases
) -> None:
    suggestion = await opened(store, "文昌小雪", channel="voice", transcript=DOUBTFUL, media=media("original"))
    await signed_in(visitor)
    page = (await visitor.get(f"/cases/{suggestion}")).text
    assert "听录音更正文字" in page
    version = store.cases[suggestion].version
    sent = {"version": version, "text": SIGNALS}
    answer = await visitor.post(f"/cases/{suggestion}/transcript", data=sent)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/cases/{suggestion}")
    page = (await visitor.get(f"/cases/{suggestion}")).text
    assert "文字已经受理员听录音更正" in page
    assert "听写文字已更正" in page
    assert store.cases[suggestion].state == "assigned"
    assert "文昌小雪" in page  # what the machine heard is still there
    again = await visitor.post(f"/cases/{suggestion}/transcript", data=sent)
    assert again.status_code == 409
    assert store.told().count("suggestion.corrected.v1") == 1


async def test_a_form_from_elsewhere_corrects_nothing(visitor: httpx2.AsyncClient, store: MemoryCases) -> None:
    suggestion = await opened(store, "文昌小雪", channel="voice", transcript=DOUBTFUL)
    await signed_in(visitor)
    sent = {"version": store.cases[suggestion].version, "text": SIGNALS}
    headers = {"origin": "http://elsewhere.test"}
    assert (await visitor.post(f"/cases/{suggestion}/transcript", data=sent, headers=headers)).status_code == 403
    assert store.cases[suggestion].correction is None
