"""The consume loop: a leaked cancellation ends it for good, and a rebalance waits for nobody."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage as Message
from prometheus_client import CollectorRegistry
from ulid import ULID

from shared.clock import SystemClock
from shared.contracts.envelope import Event
from shared.messaging.broker import build_broker, subscribe
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.delivery import Delivery
from shared.messaging.encoding import to_record
from shared.messaging.metrics import DeliveryMetrics
from shared.messaging.publishing import Publisher
from tests.support.kafka import Workbench, started, until
from tests.support.records import outbox_entry

pytestmark = pytest.mark.connected


async def leak() -> None:
    """What a library that cancels its own task does to who awaits it."""

    async def forever() -> None:
        await asyncio.sleep(3600)

    task = asyncio.create_task(forever())
    await asyncio.sleep(0)
    task.cancel()
    await task


async def test_a_cancellation_that_leaks_from_a_handler_ends_the_plain_loop_while_all_looks_well(
    bench: Workbench,
) -> None:
    """Row 20: why ours guards against it."""
    await bench.send(b"1")
    seen: list[bytes] = []
    broker = KafkaBroker(bench.servers, logger=None)
    subscriber = broker.subscriber(
        bench.topic, group_id=bench.group, auto_offset_reset="earliest", ack_policy=AckPolicy.NACK_ON_ERROR
    )

    async def handler(message: Message) -> None:
        seen.append(message.body)
        await leak()

    subscriber(handler)
    async with started(broker):
        await until(lambda: bool(seen))
        await until(lambda: all(task.done() for task in subscriber.tasks))
        await bench.send(b"2")
        await asyncio.sleep(0.5)
        assert seen == [b"1"]
        assert await broker.ping(timeout=3) is True
        assert subscriber.running is True


async def test_our_delivery_takes_a_leaked_cancellation_for_a_bug_and_goes_on(bench: Workbench) -> None:
    """Row 20."""
    first, second = str(ULID()), str(ULID())
    seen: list[str] = []

    async def handler(event: Event[Any]) -> None:
        seen.append(event.subject)
        if event.subject == first and seen.count(first) == 1:
            await leak()

    clock, metrics = SystemClock(), DeliveryMetrics(CollectorRegistry())
    publisher = Publisher(bench.connection)
    delivery = Delivery({"suggestion.submitted.v1": handler}, DeadLetters(publisher, clock), clock, metrics)
    broker = build_broker(bench.connection)
    subscriber = subscribe(broker, [bench.topic], group=bench.group, delivery=delivery)
    await publisher.publish([to_record(bench.topic, outbox_entry(first)), to_record(bench.topic, outbox_entry(second))])
    async with started(broker):
        await until(lambda: seen.count(first) == 2 and second in seen)
        assert not any(task.done() for task in subscriber.tasks)

        async def all_committed() -> bool:
            return await bench.committed() == 2

        await until(all_committed)
    await publisher.stop()


async def test_a_second_member_gets_the_record_that_the_first_is_still_working_on(bench: Workbench) -> None:
    await bench.send(b"long job")
    working, release = asyncio.Event(), asyncio.Event()
    started_by: list[str] = []

    def member(name: str, behaviour: Any) -> KafkaBroker:
        # the single partition goes to the member whose id sorts first
        broker = KafkaBroker(bench.servers, client_id=name, logger=None)

        async def handler(message: Message) -> None:
            started_by.append(name)
            await behaviour()

        broker.subscriber(
            bench.topic,
            group_id=bench.group,
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.NACK_ON_ERROR,
            heartbeat_interval_ms=300,
        )(handler)
        return broker

    async def work() -> None:
        working.set()
        await release.wait()

    async def nothing() -> None:
        return None

    async with started(member("z-first", work)):
        await working.wait()
        async with started(member("a-second", nothing)):
            await until(lambda: "a-second" in started_by)
            assert not release.is_set()
            release.set()
            await asyncio.sleep(0.2)
    assert started_by[:2] == ["z-first", "a-second"]


async def test_a_batch_is_acknowledged_as_one(bench: Workbench) -> None:
    await bench.send(b"1", b"2", b"3")
    sizes: list[int] = []
    broker = KafkaBroker(bench.servers, logger=None)
    failing = True

    async def handler(message: Message) -> None:
        sizes.append(len(message.raw_message))  # a tuple of records in batch mode
        if failing:
            await asyncio.sleep(0.05)
            raise ValueError

    subscriber = broker.subscriber(
        bench.topic,
        group_id=bench.group,
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.NACK_ON_ERROR,
        batch=True,
        max_records=10,
        batch_timeout_ms=300,
    )
    subscriber(handler)
    async with started(broker):
        await until(lambda: len(sizes) > 1)
        assert await bench.committed() is None
        failing = False

        async def all_committed() -> bool:
            return await bench.committed() == 3

        await until(all_committed)
    assert set(sizes) <= {1, 2, 3}
