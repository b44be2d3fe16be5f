"""The text intake over HTTP, as programs see it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from tests.support.intake import Hall

TEXT = "建议在实验小学门前增设红绿灯和斑马线。"


@pytest.fixture
def hall() -> Hall:
    return Hall()


@pytest.fixture
async def client(hall: Hall) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=hall.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://jianyi.test") as client:
        yield client


async def test_a_receipt_has_what_the_interfaces_promise(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/api/v1/suggestions", json={"text": TEXT})
    assert answer.status_code == 202
    assert set(answer.json()) == {"suggestion_id", "query_code", "tracking_url", "received_at"}
    assert answer.headers["cache-control"] == "no-store"


REFUSED: list[tuple[Any, int, str, str]] = [
    ({"text": ""}, 422, "/text", "blank"),
    ({"text": " \n\t "}, 422, "/text", "blank"),
    ({"text": "建" * 20_001}, 422, "/text", "string_too_long"),
    ({}, 422, "/text", "missing"),
    ({"text": None}, 422, "/text", "string_type"),
    ({"text": TEXT, "unknown": 1}, 422, "/unknown", "extra_forbidden"),
    ({"text": TEXT, "place": {"town": "火星镇"}}, 422, "/place/town", "unknown-town"),
    ({"text": TEXT, "place": {"planet": "火星"}}, 422, "/place/planet", "extra_forbidden"),
    ({"text": TEXT, "place": {"lon": 181}}, 422, "/place/lon", "less_than_equal"),
    ({"text": TEXT, "kind": "daily"}, 422, "/kind", "literal_error"),
    ({"text": TEXT, "identity": "nobody"}, 422, "/identity", "literal_error"),
    ({"text": TEXT, "contact": {"email": "not an address"}}, 422, "/contact/email", "string_pattern_mismatch"),
    ({"text": TEXT, "contact": {"email": "a@b.cn\r\nBcc: c@d.cn"}}, 422, "/contact/email", "string_pattern_mismatch"),
    ([TEXT], 422, "", "model_type"),
]


@pytest.mark.parametrize(("body", "status", "pointer", "code"), REFUSED)
async def test_each_wrong_body_is_refused_at_its_place(
    client: httpx2.AsyncClient, hall: Hall, body: Any, status: int, pointer: str, code: str
) -> None:
    answer = await client.post("/api/v1/suggestions", json=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    [item] = answer.json()["errors"]
    assert (item["pointer"], item["code"]) == (pointer, code)
    assert any("\u4e00" <= sign <= "\u9fff" for sign in item["message"])
    assert not hall.suggestions.accepted


async def test_a_text_of_twenty_thousand_characters_is_taken(client: httpx2.AsyncClient, hall: Hall) -> None:
    assert (await client.post("/api/v1/suggestions", json={"text": "建" * 20_000})).status_code == 202
    assert len(hall.suggestions.accepted[0].event.model_dump()["text"]) == 20_000


@pytest.mark.parametrize(
    "body", [b'{"text": ', b"", b"\xff\xfe", b'{"text": "\xff"}', b'{"text": "\\ud800"}', b"[" * 5000]
)
async def test_unreadable_json_is_a_400(client: httpx2.AsyncClient, body: bytes) -> None:
    answer = await client.post("/api/v1/suggestions", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("unreadable-json")


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "", "image/png"])
async def test_another_content_type_is_a_415(client: httpx2.AsyncClient, media_type: str) -> None:
    body = json.dumps({"text": TEXT}).encode()
    answer = await client.post("/api/v1/suggestions", content=body, headers={"content-type": media_type})
    assert answer.status_code == 415
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("chunked", [False, True])
async def test_more_than_a_megabyte_is_a_413(client: httpx2.AsyncClient, chunked: bool) -> None:
    """Row 29."""

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(12):
            yield b"a" * 100_000

    body: Any = parts() if chunked else b"a" * 1_200_000
    answer = await client.post("/api/v1/suggestions", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 413
    assert answer.json()["status"] == 413


async def test_errors_are_said_in_the_readers_language(client: httpx2.AsyncClient) -> None:
    said = {}
    for language in ("en", "zh-CN", "fr"):
        answer = await client.post("/api/v1/suggestions", json={"text": ""}, headers={"accept-language": language})
        said[language] = answer.json()["errors"][0]["message"]
    assert said["en"] == "Please write something: the text is empty."
    assert said["fr"] == said["zh-CN"] == "请填写内容：建议不能为空。"


async def test_the_same_key_gives_the_same_receipt_and_another_body_a_problem(client: httpx2.AsyncClient) -> None:
    key = {"Idempotency-Key": "k-1"}
    first = await client.post("/api/v1/suggestions", json={"text": TEXT, "kind": "everyday"}, headers=key)
    again = await client.post("/api/v1/suggestions", json={"kind": "everyday", "text": TEXT}, headers=key)
    other = await client.post("/api/v1/suggestions", json={"text": "别的"}, headers=key)
    assert again.json() == first.json()
    assert (other.status_code, other.json()["type"]) == (422, "urn:minsheng:problem:idempotency-key-reused")


async def test_other_methods_are_a_405_with_what_is_allowed(client: httpx2.AsyncClient) -> None:
    answer = await client.put("/api/v1/suggestions", json={})
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_a_flood_from_one_address_is_told_when_to_come_back(client: httpx2.AsyncClient) -> None:
    answers = [await client.post("/api/v1/suggestions", json={"text": ""}) for _ in range(241)]
    assert {answer.status_code for answer in answers[:240]} == {422}
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) > 0


async def test_the_openapi_document_describes_the_bodies(client: httpx2.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    for path in ("suggestions", "tracking", "tracking/correction", "hotline/submissions"):
        operation = document["paths"][f"/api/v1/{path}"]["post"]
        reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        assert reference.rsplit("/", 1)[-1] in document["components"]["schemas"]
    names = {value for value in _references(document)}
    assert {name.rsplit("/", 1)[-1] for name in names} <= set(document["components"]["schemas"])


def _references(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(_references(value) for value in node.values()))
    if isinstance(node, list):
        return set().union(*(_references(value) for value in node))
    return set()


HOTLINE = "/api/v1/hotline/submissions"
ORDER = {
    "source": "12345",
    "external_id": "WO-1",
    "received_at": "2026-11-24T09:30:00+08:00",
    "text": TEXT,
    "contact": {"phone": "13800001234"},
}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_a_hotline_gets_the_same_answer_for_a_repeat_and_a_problem_for_a_conflict(
    client: httpx2.AsyncClient, hall: Hall
) -> None:
    first = await client.post(HOTLINE, json=ORDER, headers=bearer("good-token"))
    assert first.status_code == 202
    assert set(first.json()) == {"event_id", "suggestion_id"}
    again = await client.post(HOTLINE, json={**ORDER, "later_field": 1}, headers=bearer("good-token"))
    assert again.json() == first.json()
    other = await client.post(HOTLINE, json={**ORDER, "text": "别的"}, headers=bearer("good-token"))
    assert (other.status_code, other.json()["errors"][0]["code"]) == (422, "conflicting-repeat")
    assert len(hall.suggestions.accepted) == 1
    assert "13800001234" not in hall.suggestions.accepted[0].event.model_dump_json()


@pytest.mark.parametrize(
    "authorization", [None, "Bearer wrong", "Bearer ", "Basic good-token", "good-token", "Bearer 令牌"]
)
async def test_no_or_a_wrong_token_is_a_401(client: httpx2.AsyncClient, authorization: str | None) -> None:
    headers = {b"Authorization": authorization.encode()} if authorization else {}
    answer = await client.post(HOTLINE, json=ORDER, headers=headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


async def test_a_token_speaks_for_its_own_hotline_only(client: httpx2.AsyncClient) -> None:
    answer = await client.post(HOTLINE, json=ORDER, headers=bearer("other-token"))
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:minsheng:problem:foreign-source")


@pytest.mark.parametrize(
    "changes",
    [
        {"received_at": "2026-11-24T09:30:00"},
        {"text": " "},
        {"text": None},
        {"text": "长" * 20_001},
        {"external_id": ""},
        {"recording": {"uri": "file:///x", "sha256": "zz"}},
    ],
)
async def test_a_wrong_work_order_is_a_422(client: httpx2.AsyncClient, changes: dict[str, Any]) -> None:
    answer = await client.post(HOTLINE, json={**ORDER, **changes}, headers=bearer("good-token"))
    assert answer.status_code == 422
