"""The residents' pages without a browser: forms, languages, policies."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import httpx2
import pytest

from intake_web.domain.suggestion import Accepted
from shared.errors import Unavailable
from shared.receipts import Receipts
from tests.support.intake import KEY, MEDIA, WEB, Hall

PAGES = ["/", "/write", "/voice", "/video", "/track", "/help"]


@pytest.fixture
def hall() -> Hall:
    return Hall()


@pytest.fixture
async def client(hall: Hall) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=hall.app)
    async with httpx2.AsyncClient(transport=transport, base_url=WEB) as client:
        yield client


@pytest.mark.parametrize("path", PAGES)
async def test_pages_load_nothing_from_elsewhere_and_hold_nothing_inline(client: httpx2.AsyncClient, path: str) -> None:
    page = await client.get(path)
    assert page.status_code == 200
    addresses = re.findall(r'(?:src|href|action)="([^"]+)"', page.text)
    foreign = {one for one in addresses if "//" in one and not one.startswith(MEDIA)}
    assert not foreign
    assert not re.search(r"<script(?![^>]* src=)[^>]*>|<style|\son\w+=|\sstyle=", page.text)
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in page.headers


@pytest.mark.parametrize("path", PAGES)
async def test_pages_speak_chinese_first_and_english_when_asked(client: httpx2.AsyncClient, path: str) -> None:
    default = await client.get(path)
    assert default.headers["content-language"] == "zh-CN"
    assert '<html lang="zh-CN"' in default.text
    asked = await client.get(path, params={"lang": "en"})
    negotiated = await client.get(path, headers={"accept-language": "en-GB,en;q=0.9"})
    assert '<html lang="en"' in asked.text
    assert asked.headers["content-language"] == negotiated.headers["content-language"] == "en"
    chinese = set(re.findall(r"[\u4e00-\u9fff]+", re.sub(r"<svg.*?</svg>", "", asked.text, flags=re.S)))
    assert chinese == {"中文"}


async def test_large_print_and_language_are_kept_by_links(client: httpx2.AsyncClient) -> None:
    page = await client.get("/", params={"lang": "en", "size": "large"})
    assert '<html lang="en" class="large">' in page.text
    assert 'href="/write?lang=en&amp;size=large"' in page.text


async def test_a_form_without_javascript_ends_on_the_page_of_its_receipt(
    client: httpx2.AsyncClient, hall: Hall
) -> None:
    fields = {"text": "第一行\r\n第二行", "town": "hexi", "identity": "sealed", "email": "li@example.org", "kind": ""}
    sent = await client.post("/api/v1/suggestions", data=fields, headers={"origin": WEB})
    assert sent.status_code == 303
    assert sent.headers["location"].startswith("/receipt/")
    [accepted] = hall.suggestions.accepted
    said = accepted.event.model_dump()
    assert (said["text"], said["place"]["town"], said["identity"]) == ("第一行\n第二行", "hexi", "sealed")
    page = await client.get(sent.headers["location"])
    assert Receipts(KEY).query_code(accepted.suggestion_id) in page.text
    assert "<svg" in page.text
    assert page.headers["referrer-policy"] == "no-referrer"


async def test_a_double_click_is_one_suggestion_and_an_edited_text_another(
    client: httpx2.AsyncClient, hall: Hall
) -> None:
    form = re.search(r'name="idempotency_key" value="([^"]+)"', (await client.get("/write")).text)
    assert form is not None
    fields = {"text": "建议增设红绿灯", "idempotency_key": form.group(1)}
    clicks = [await client.post("/api/v1/suggestions", data=fields) for _ in range(2)]
    assert clicks[0].headers["location"] == clicks[1].headers["location"]
    edited = await client.post("/api/v1/suggestions", data={**fields, "text": "建议增设斑马线"})
    assert edited.status_code == 303
    assert len(hall.suggestions.accepted) == 2


async def test_a_refused_form_comes_back_with_what_was_written(client: httpx2.AsyncClient) -> None:
    fields = {"text": "写了很久的建议", "email": "不是邮箱", "place_text": "文昌街 <b>12号</b>"}
    page = await client.post("/api/v1/suggestions", data=fields)
    assert page.status_code == 422
    assert "写了很久的建议" in page.text
    assert "文昌街 &lt;b&gt;12号&lt;/b&gt;" in page.text
    assert 'role="alert"' in page.text


async def test_a_form_is_kept_when_the_database_is_away(client: httpx2.AsyncClient, hall: Hall) -> None:
    async def away(accepted: Accepted) -> bool:
        raise Unavailable("database")

    hall.suggestions.add = away
    page = await client.post("/api/v1/suggestions", data={"text": "写了很久的建议"})
    assert page.status_code == 503
    assert page.headers["retry-after"]
    assert "写了很久的建议" in page.text


async def test_a_form_of_another_site_is_refused(client: httpx2.AsyncClient, hall: Hall) -> None:
    for path, fields in (("suggestions", {"text": "x"}), ("tracking", {"query_code": "x"})):
        answer = await client.post(f"/api/v1/{path}", data=fields, headers={"origin": "https://evil.example"})
        assert answer.status_code == 403
    assert not hall.suggestions.accepted


async def test_a_code_typed_into_the_form_leads_to_its_page_and_is_in_no_address(client: httpx2.AsyncClient) -> None:
    receipt = (await client.post("/api/v1/suggestions", json={"text": "建议"})).json()
    found = await client.post("/api/v1/tracking", data={"query_code": receipt["query_code"].lower()})
    assert found.status_code == 303
    assert found.headers["location"] == receipt["tracking_url"].removeprefix(WEB)
    missed = await client.post("/api/v1/tracking", data={"query_code": "AAAA-AAAA-AAAA-AAAA"})
    assert missed.status_code == 404
    assert "请逐位核对查询码" in missed.text


async def test_wrong_addresses_get_a_page_for_people_and_a_problem_for_programs(client: httpx2.AsyncClient) -> None:
    page = await client.get("/nowhere", headers={"accept": "text/html"})
    assert (page.status_code, "没有找到" in page.text) == (404, True)
    answer = await client.get("/nowhere")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_a_collection_points_link_fills_the_form(client: httpx2.AsyncClient, hall: Hall) -> None:
    page = await client.get("/write", params={"collection_point_id": "cp-wenchang", "town": "chengzhong"})
    assert 'name="collection_point_id" value="cp-wenchang"' in page.text
    assert '<option value="chengzhong" selected>' in page.text


async def test_files_of_style_and_scripts_are_served_and_revalidated(client: httpx2.AsyncClient) -> None:
    page = await client.get("/voice")
    for address in re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text):
        answer = await client.get(address)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")
