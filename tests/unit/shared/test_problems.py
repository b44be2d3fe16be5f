"""Errors over HTTP: problem documents in the reader's language, never a stack trace."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from shared import errors
from shared.contracts.submissions import TextSubmission
from shared.runtime.health import Health
from shared.runtime.serve import build_app


@asynccontextmanager
async def nothing(_app: FastAPI) -> AsyncIterator[None]:
    yield


def make_app() -> FastAPI:
    health = Health()

    async def well() -> str | None:
        return None

    async def ill() -> str | None:
        return "no answer"

    health.add("database", well)
    health.add("broker", ill)
    app = build_app(title="t", health=health, registry=CollectorRegistry(), lifespan=nothing)

    @app.post("/suggestions")
    async def accept(body: TextSubmission) -> dict[str, int]:
        return {"length": len(body.text)}

    @app.get("/fail/{kind}")
    async def fail(kind: str) -> None:
        raise {
            "gone": errors.NotFound(),
            "down": errors.Unavailable("database: NetworkTimeout"),
            "full": errors.StorageFull(),
            "many": errors.PermanentError("slow down", code="rate-limited"),
            "token": errors.PermanentError("", code="unauthorised"),
            "town": errors.InvalidInput(
                "This town or street is not one of the district's.", code="unknown-town", pointer="/place/town"
            ),
            "bug": ZeroDivisionError("secret 13900000000"),
        }[kind]

    return app


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=make_app(), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.mark.parametrize(
    ("kind", "status", "title"),
    [
        ("gone", 404, "没有找到"),
        ("down", 503, "服务暂时不可用，请稍后再试"),
        ("full", 507, "存储空间暂时不足，请稍后再试"),
        ("many", 429, "操作过于频繁，请稍后再试"),
        ("token", 401, "需要有效的访问令牌"),
        ("bug", 500, "系统出现问题，请稍后再试"),
    ],
)
async def test_each_error_has_its_status_and_speaks_chinese_first(
    client: httpx2.AsyncClient, kind: str, status: int, title: str
) -> None:
    answer = await client.get(f"/fail/{kind}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"] == title
    assert "13900000000" not in answer.text
    assert "Traceback" not in answer.text
    if status in (429, 503):
        assert int(answer.headers["retry-after"]) > 0


async def test_the_reader_may_ask_for_english(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/fail/gone", headers={"Accept-Language": "fr;q=0.9, en;q=0.5"})
    assert answer.json()["title"] == "Not found"
    assert answer.headers["content-language"] == "en"


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({}, "/text", "missing"),
        ({"text": ""}, "/text", "blank"),
        ({"text": " \n　"}, "/text", "blank"),
        ({"text": "字" * 20_001}, "/text", "string_too_long"),
        ({"text": "好", "colour": "red"}, "/colour", "extra_forbidden"),
        ({"text": "好", "identity": "famous"}, "/identity", "literal_error"),
        ({"text": "好", "place": {"lon": 999}}, "/place/lon", "less_than_equal"),
        ({"text": "好", "contact": {"email": "nobody"}}, "/contact/email", "string_pattern_mismatch"),
        ([1], "", "model_attributes_type"),
    ],
)
async def test_a_wrong_field_is_named_with_a_code_and_a_sentence(
    client: httpx2.AsyncClient, body: object, pointer: str, code: str
) -> None:
    answer = await client.post("/suggestions", json=body)
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == (pointer, code)
    assert any("一" <= sign <= "鿿" for sign in error["message"])


async def test_twenty_thousand_characters_are_accepted(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/suggestions", json={"text": "字" * 20_000})
    assert answer.json() == {"length": 20_000}


async def test_broken_json_is_a_400_and_a_wrong_method_a_405(client: httpx2.AsyncClient) -> None:
    broken = await client.post("/suggestions", content=b'{"text": ', headers={"content-type": "application/json"})
    assert (broken.status_code, broken.json()["type"]) == (400, "urn:minsheng:problem:unreadable-json")
    wrong = await client.put("/suggestions", json={})
    assert wrong.status_code == 405
    assert wrong.headers["allow"] == "POST"


async def test_our_own_pointer_is_kept(client: httpx2.AsyncClient) -> None:
    [error] = (await client.get("/fail/town")).json()["errors"]
    assert error == {"pointer": "/place/town", "code": "unknown-town", "message": "本区没有这个镇街，请重新选择。"}


async def test_readiness_names_what_is_wrong_and_liveness_does_not_depend_on_it(client: httpx2.AsyncClient) -> None:
    ready = await client.get("/health/ready")
    assert ready.status_code == 503
    assert ready.json() == {
        "ready": False,
        "reasons": ["broker: no answer"],
        "checks": {"database": True, "broker": False},
    }
    assert (await client.get("/health/live")).status_code == 200
    assert (await client.get("/metrics")).status_code == 200
