"""A handler that outlives `max_poll_interval_ms`: the client puts itself out of the group, and tells nobody.

The reason why what is consumed is given back long before (`shared/messaging/delivery.py`), and why recordings are
leased jobs. The session is long here, so that only the poll interval can be at work.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import CommitFailedError

from tests.support.kafka import Workbench, until

pytestmark = pytest.mark.connected
OPTIONS: dict[str, Any] = {
    "auto_offset_reset": "earliest",
    "session_timeout_ms": 60_000,
    "heartbeat_interval_ms": 500,
    "max_poll_interval_ms": 2_000,
}


async def state_of(bench: Workbench) -> str:
    """Of the group, as the broker tells it."""
    admin = bench.connection.admin()
    await admin.start()
    try:
        [answer] = await admin.describe_consumer_groups([bench.group])
    finally:
        await admin.close()
    return str(answer.groups[0][2])


async def put_out(bench: Workbench) -> AIOKafkaConsumer:
    """A member that holds record 0 and works on it until it is in the group no more."""
    member = bench.connection.consumer(bench.topic, group_id=bench.group, **OPTIONS)
    await member.start()
    record = await member.getone()
    assert record.offset == 0
    assert await state_of(bench) == "Stable"

    async def empty() -> bool:
        return await state_of(bench) == "Empty"

    await until(empty, seconds=15)
    return member


async def test_a_member_that_works_too_long_leaves_and_its_commit_counts_where_nobody_else_came(
    bench: Workbench,
) -> None:
    """Row 13."""
    await bench.send(b"1", b"2")
    member = await put_out(bench)
    try:
        await member.commit()
        assert await bench.committed() == 1
    finally:
        await member.stop()


async def test_another_member_runs_the_same_record_while_the_first_still_works_on_it(bench: Workbench) -> None:
    """Row 13."""
    await bench.send(b"1")
    first = await put_out(bench)
    heir = bench.connection.consumer(bench.topic, group_id=bench.group, **OPTIONS)
    await heir.start()
    try:
        again = await asyncio.wait_for(heir.getone(), 20)
        assert again.offset == 0
        with pytest.raises(CommitFailedError):
            await first.commit()
        assert await bench.committed() is None
        await heir.commit()
        assert await bench.committed() == 1
    finally:
        await heir.stop()
        await first.stop()
