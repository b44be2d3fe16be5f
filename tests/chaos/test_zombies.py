"""Row 11: a consumer that slept through its session wakes up, and believes for a moment that it still owns its work."""

from __future__ import annotations

import asyncio
import signal

import pytest

from shared.messaging.broker import SESSION_TIMEOUT_MS
from shared.storage.mongo import Mongo
from tests.support.casework import SIGNALS, said
from tests.support.fragile import Fragile
from tests.support.processes import Processes, end_leases
from tests.support.router_house import RouterHouse, handling

pytestmark = pytest.mark.connected


async def test_a_router_that_slept_through_its_session_wakes_to_no_second_effect(
    fragile: Fragile, processes: Processes, prefix: str
) -> None:
    """Row 11: SIGSTOP in the middle of its work for one and a half sessions; another takes over; SIGCONT."""
    house = RouterHouse(fragile.infrastructure, prefix)
    mongo = Mongo(fragile.infrastructure.mongo_uri, prefix=prefix)
    sleeper = processes.start("router")
    await processes.ready(sleeper)
    published = await house.publish(*[said(SIGNALS) for _ in range(60)])
    await asyncio.sleep(0.2)
    sleeper.send_signal(signal.SIGSTOP)
    heir = processes.start("router")
    await asyncio.sleep(1.5 * SESSION_TIMEOUT_MS / 1000)
    published += await house.publish(*[said(SIGNALS) for _ in range(20)])
    ids = [one["subject"] for one in published]

    async def decided() -> None:
        async with asyncio.timeout(90):
            while await house.cases(mongo).count_documents({"_id": {"$in": ids}}) < len(ids):
                await asyncio.sleep(0.2)

    await decided()
    sleeper.send_signal(signal.SIGCONT)
    published += await house.publish(*[said(SIGNALS) for _ in range(20)])
    ids = [one["subject"] for one in published]
    await decided()
    await end_leases(house.cases(mongo))
    told = await house.told(ids, 2 * len(ids), seconds=90)
    assert len(told) == 2 * len(ids)
    await asyncio.sleep(2)
    documents = await house.cases(mongo).find({"_id": {"$in": ids}}).to_list(None)
    assert {handling(document) for document in documents} == {("case.accepted.v1", "case.assigned.v1")}
    assert (sleeper.poll(), heir.poll()) == (None, None)
    mongo.close()
