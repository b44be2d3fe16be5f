"""Forms come from our own pages; programs without an origin pass."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from intake_web.routes.guarding import RateLimits, refuse_foreign_form
from shared.errors import Forbidden, Unavailable

WEB = "https://jianyi.example"


def request(**headers: str) -> Request:
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "headers": named, "client": ("10.0.0.1", 1)})


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": WEB},
        {"origin": WEB, "sec_fetch_site": "same-origin"},
        {"origin": "http://127.0.0.1:8080", "host": "127.0.0.1:8080"},
        {"origin": "null", "sec_fetch_site": "same-origin"},
    ],
)
def test_our_own_forms_pass(headers: dict[str, str]) -> None:
    refuse_foreign_form(request(**headers), WEB)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example", "host": "jianyi.example"},
        {"origin": "null"},
        {"origin": "null", "sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "cross-site"},
        {"origin": "https://jianyi.example.evil.example", "host": "jianyi.example"},
        {"origin": "http://jianyi.example"},
    ],
)
def test_foreign_forms_are_refused(headers: dict[str, str]) -> None:
    with pytest.raises(Forbidden) as refused:
        refuse_foreign_form(request(**headers), WEB)
    assert refused.value.code == "foreign-origin"


async def test_wrong_codes_are_limited_and_only_they() -> None:
    limits = RateLimits(enabled=True)
    for _ in range(30):
        await limits.check("miss", request())
        await limits.count("miss", request())
    with pytest.raises(Unavailable) as refused:
        await limits.check("miss", request())
    assert refused.value.code == "rate-limited"
    await limits.count("track", request())


async def test_limits_can_be_switched_off() -> None:
    limits = RateLimits(enabled=False)
    for _ in range(1000):
        await limits.count("miss", request())
