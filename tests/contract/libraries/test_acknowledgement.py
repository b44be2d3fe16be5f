"""FastStream's acknowledgement on Kafka, as measured: every policy but one loses what a handler could not do.

These tests pin the libraries, not our code: when an upgrade changes one, look at `shared/messaging/broker.py` before
changing the test.
"""

from __future__ import annotations

import asyncio
import warnings
from typing import Any

import pytest
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage as Message

from tests.support.kafka import Workbench, started, until

pytestmark = pytest.mark.connected


async def consumed(bench: Workbench, policy: AckPolicy | None, *, quiet_s: float = 0.8) -> list[bytes]:
    """Three records, the second of which the handler never manages; what it was called with."""
    await bench.send(b"1", b"2", b"3")
    calls: list[bytes] = []
    options: dict[str, Any] = {} if policy is None else {"ack_policy": policy}
    broker = KafkaBroker(bench.servers, logger=None)

    async def handler(message: Message) -> None:
        calls.append(message.body)
        if message.body == b"2":
            raise ValueError("the second never works")
        if policy is AckPolicy.MANUAL:
            await message.ack()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        broker.subscriber(bench.topic, group_id=bench.group, auto_offset_reset="earliest", **options)(handler)
    async with started(broker):
        await until(lambda: b"2" in calls)
        await asyncio.sleep(quiet_s)
    return calls


@pytest.mark.parametrize("policy", [None, AckPolicy.ACK_FIRST, AckPolicy.ACK, AckPolicy.REJECT_ON_ERROR])
async def test_these_policies_commit_past_a_record_whose_handler_failed(
    bench: Workbench, policy: AckPolicy | None
) -> None:
    calls = await consumed(bench, policy)
    assert calls == [b"1", b"2", b"3"]
    assert await bench.committed() == 3


async def test_manual_acknowledgement_loses_it_too_since_the_next_ack_commits_past_it(bench: Workbench) -> None:
    calls = await consumed(bench, AckPolicy.MANUAL)
    assert calls == [b"1", b"2", b"3"]
    assert await bench.committed() == 3


async def test_nack_on_error_keeps_it_and_retries_hot_without_any_pause(bench: Workbench) -> None:
    calls = await consumed(bench, AckPolicy.NACK_ON_ERROR)
    assert await bench.committed() == 1
    assert b"3" not in calls
    assert calls.count(b"2") > 20


async def test_a_graceful_stop_with_several_workers_loses_what_waited_in_memory(bench: Workbench) -> None:
    """Row 24: why ours has one."""
    await bench.send(*(str(number).encode() for number in range(10)))
    begun, done = [], []
    go_on = asyncio.Event()
    broker = KafkaBroker(bench.servers, logger=None, graceful_timeout=0.5)

    async def handler(message: Message) -> None:
        begun.append(message.body)
        await go_on.wait()
        done.append(message.body)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        subscriber = broker.subscriber(
            bench.topic,
            group_id=bench.group,
            auto_offset_reset="earliest",
            max_workers=4,
            ack_policy=AckPolicy.ACK_FIRST,
        )
    subscriber(handler)
    async with started(broker):
        await until(lambda: len(begun) >= 4)
        await asyncio.sleep(0.5)
    committed = await bench.committed()
    assert done == []
    assert committed is not None
    assert committed > len(done)


async def test_a_group_without_offset_starts_at_the_end_unless_told_otherwise(bench: Workbench) -> None:
    await bench.send(b"before")
    seen: list[bytes] = []
    broker = KafkaBroker(bench.servers, logger=None)

    async def handler(message: Message) -> None:
        seen.append(message.body)

    subscriber = broker.subscriber(bench.topic, group_id=bench.group)
    subscriber(handler)
    async with started(broker):
        await until(lambda: bool(subscriber.consumer and subscriber.consumer.assignment()))
        await asyncio.sleep(0.3)
        await bench.send(b"after")
        await until(lambda: bool(seen))
    assert seen == [b"after"]
