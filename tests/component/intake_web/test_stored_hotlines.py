"""A hotline that an operator let in publishes over HTTP under its own name, and no longer once it is shut out."""

from __future__ import annotations

from typing import Any

import httpx2

from intake_web.handlers.hotline_keys import HotlineKeys
from shared.clock import SystemClock
from tests.support.intake import WEB, Hall

ORDERS = "/api/v1/hotline/submissions"


def order(source: str) -> dict[str, Any]:
    return {"source": source, "external_id": "E-1", "received_at": "2026-11-24T08:00:00+08:00", "text": "建议增设路灯"}


async def test_a_stored_token_publishes_under_its_own_name_until_it_is_revoked() -> None:
    hall = Hall()
    keys = HotlineKeys(hall.hotlines, None, SystemClock(), by="operator")
    token = (await keys.add("lingang")).token
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(hall.app), base_url=WEB) as client:
        accepted = await client.post(ORDERS, json=order("lingang"), headers=headers)
        foreign = await client.post(ORDERS, json=order("12345"), headers=headers)
        await keys.revoke("lingang")
        refused = await client.post(ORDERS, json=order("lingang"), headers=headers)
    assert accepted.status_code == 202, accepted.text
    assert foreign.status_code == 403
    assert foreign.json()["type"].endswith("foreign-source")
    assert refused.status_code == 401
    assert token not in refused.text


async def test_the_scheme_must_be_bearer() -> None:
    hall = Hall()
    token = (await HotlineKeys(hall.hotlines, None, SystemClock(), by="operator").add("lingang")).token
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(hall.app), base_url=WEB) as client:
        answer = await client.post(ORDERS, json=order("lingang"), headers={"Authorization": f"Basic {token}"})
    assert answer.status_code == 401
