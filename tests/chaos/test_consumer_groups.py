"""Rows 12, 21, 25, 26 and 27: groups that grow, die, start late or slept too long; topics that are missing."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from prometheus_client import CollectorRegistry
from ulid import ULID

from shared.clock import SystemClock
from shared.contracts.envelope import Event
from shared.errors import PermanentError, Unavailable
from shared.messaging.broker import build_broker, subscribe
from shared.messaging.connection import KafkaConnection
from shared.messaging.consuming import Consuming
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.delivery import Delivery
from shared.messaging.encoding import Outgoing, to_record
from shared.messaging.metrics import DeliveryMetrics
from shared.messaging.provisioning import provision, verify
from shared.messaging.publishing import Publisher
from shared.storage.mongo import DuplicateKey, Mongo, translated
from tests.support.fragile import Fragile
from tests.support.kafka import Workbench, started, until, workbench
from tests.support.records import outbox_entry
from tests.support.router_house import RouterHouse

pytestmark = pytest.mark.connected
CLOCK = SystemClock()


@pytest.fixture
async def bench(fragile: Fragile) -> Workbench:
    return await workbench(fragile.infrastructure.connection())


class Member:
    """One process of a group whose effect is a conditional write, as in every service."""

    def __init__(self, bench: Workbench, mongo: Mongo, *, name: str = "member") -> None:
        self.calls: Counter[str] = Counter()
        self.entered, self.release = asyncio.Event(), asyncio.Event()
        self.release.set()
        self._effects = mongo.database("effects")["effects"]
        connection: KafkaConnection = replace(bench.connection, client_id=name)
        dead_letters = DeadLetters(Publisher(connection), CLOCK)
        metrics = DeliveryMetrics(CollectorRegistry())
        delivery = Delivery({"suggestion.submitted.v1": self._handle}, dead_letters, CLOCK, metrics)
        self.broker = build_broker(connection)
        subscribe(self.broker, [bench.topic], group=bench.group, delivery=delivery)

    async def _handle(self, event: Event[Any]) -> None:
        self.calls[event.id] += 1
        self.entered.set()
        await self.release.wait()
        try:
            with translated():
                await self._effects.insert_one({"_id": event.id})
        except DuplicateKey:
            pass


async def publish(bench: Workbench, count: int) -> list[str]:
    entries = [outbox_entry(str(ULID())) for _ in range(count)]
    publisher = Publisher(bench.connection)
    await publisher.publish([to_record(bench.topic, one) for one in entries])
    await publisher.stop()
    return [one["event_id"] for one in entries]


async def test_a_member_that_joins_during_the_work_brings_no_second_effect(
    fragile: Fragile, bench: Workbench, prefix: str
) -> None:
    """Row 12: the rebalance waits for no handler, so both work on the record; the write is conditional."""
    mongo = Mongo(fragile.infrastructure.mongo_uri, prefix=prefix)
    [event_id] = await publish(bench, 1)
    # the single partition goes to the member whose id sorts first
    first, second = Member(bench, mongo, name="z-first"), Member(bench, mongo, name="a-second")
    first.release.clear()
    second.release.clear()
    async with started(first.broker):
        await first.entered.wait()
        async with started(second.broker):
            async with asyncio.timeout(20):
                await second.entered.wait()
            first.release.set()
            second.release.set()

            async def committed() -> bool:
                return await bench.committed() == 1

            await until(committed)
    assert await mongo.database("effects")["effects"].count_documents({"_id": event_id}) == 1
    mongo.close()


async def test_a_group_that_starts_late_sees_all_that_was_said_before(
    fragile: Fragile, bench: Workbench, prefix: str
) -> None:
    """Row 25."""
    mongo = Mongo(fragile.infrastructure.mongo_uri, prefix=prefix)
    said = await publish(bench, 7)
    member = Member(bench, mongo)
    async with started(member.broker):
        await until(lambda: set(said) <= set(member.calls))
    mongo.close()


@pytest.mark.timeout(240)
async def test_a_group_whose_offsets_were_forgotten_reads_again_without_a_second_effect(
    fragile: Fragile, bench: Workbench, prefix: str
) -> None:
    """Row 26: the broker forgets offsets of groups that sleep too long (here a minute, in ours a year)."""
    mongo = Mongo(fragile.infrastructure.mongo_uri, prefix=prefix)
    said = await publish(bench, 5)
    before, after = Member(bench, mongo), Member(bench, mongo)

    async def committed() -> bool:
        return await bench.committed() == len(said)

    async def forgotten() -> bool:
        await asyncio.sleep(2)
        return await bench.committed() is None

    async with started(before.broker):
        await until(committed)
    await until(forgotten, seconds=150)
    async with started(after.broker):
        await until(lambda: set(said) <= set(after.calls))
        await until(committed)
    assert await mongo.database("effects")["effects"].count_documents({"_id": {"$in": said}}) == len(said)
    mongo.close()


async def test_a_consumer_whose_task_has_died_is_not_ready_though_the_library_says_it_runs(bench: Workbench) -> None:
    """Row 21: progress is what counts; the library's own flags stay green (see the contract of the consume loop)."""
    metrics = DeliveryMetrics(CollectorRegistry())
    broker = build_broker(bench.connection)
    consuming = Consuming(broker, group=bench.group, clock=CLOCK, metrics=metrics)
    publisher = Publisher(bench.connection)
    consuming.add((bench.topic,), Delivery({}, DeadLetters(publisher, CLOCK), CLOCK, metrics))
    running = asyncio.create_task(consuming.run())

    async def well() -> bool:
        return await consuming.check() is None

    await until(well)
    [subscriber] = broker.subscribers
    for task in subscriber.tasks:
        task.cancel()
    await asyncio.sleep(0.2)
    assert subscriber.running is True  # the library sees nothing amiss
    assert await consuming.check() == f"the consumer of {bench.topic} has ended"
    running.cancel()
    await consuming.stop()


async def test_a_missing_topic_is_named_by_readiness_until_it_is_made_and_nobody_makes_it_in_passing(
    fragile: Fragile, prefix: str
) -> None:
    """Row 27: creation by mere use is off on both sides, since it makes one partition of default retention."""
    connection = fragile.infrastructure.connection()
    with pytest.raises(PermanentError, match="12 of 500 partitions"):
        await verify(connection, partitions=500)
    admin = connection.admin()
    await admin.start()
    await admin.delete_topics(["notices-dlq"])
    publisher = Publisher(connection, ack_timeout_s=3)
    with pytest.raises(Unavailable):
        await publisher.publish([Outgoing(topic="notices-dlq", key=None, value=b"x", headers=[])])
    await publisher.stop()
    house = RouterHouse(fragile.infrastructure, prefix)
    try:
        assert "notices-dlq" not in await admin.list_topics()
        async with house.running() as app:
            client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://desk.test")

            async def named() -> bool:
                return "notices-dlq: missing" in (await client.get("/health/ready")).text

            await until(named)
            await provision(connection)

            async def ready() -> bool:
                return (await client.get("/health/ready")).status_code == 200

            await until(ready, seconds=40)
    finally:
        await admin.close()
        await provision(connection)
