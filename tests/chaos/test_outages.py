"""Rows 5, 6 and 9: broker and database killed, kept down, frozen, while residents go on writing."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import httpx2
import pytest
from aiokafka import TopicPartition
from prometheus_client import CollectorRegistry
from ulid import ULID

from shared.clock import SystemClock
from shared.contracts.suggestions import SuggestionSubmitted
from shared.messaging.metrics import DeliveryMetrics
from shared.messaging.publishing import Publisher
from shared.messaging.relay import Relay
from shared.storage.mongo import Mongo
from shared.storage.outbox import append_update, entry, new_fields, pending_of
from shared.storage.outbox_store import OutboxStore
from tests.support.casework import SIGNALS, said
from tests.support.fragile import Fragile
from tests.support.media_stack import topic_events
from tests.support.processes import end_leases, intake_web
from tests.support.router_house import RouterHouse, until

pytestmark = pytest.mark.connected
CLOCK = SystemClock()
DOWN_S = 8.0
WITHIN_S = 2.0


async def accepted(client: httpx2.AsyncClient) -> str:
    answer = await client.post("/api/v1/suggestions", json={"text": SIGNALS})
    assert answer.status_code == 202, answer.text
    suggestion_id: str = answer.json()["suggestion_id"]
    return suggestion_id


async def back(fragile: Fragile, name: str) -> None:
    await asyncio.to_thread(fragile.start, name)
    await fragile.answering(name)


async def until_all_published(fragile: Fragile, prefix: str, ids: list[str], *, seconds: float = 90) -> None:
    """Each exactly once by effect: however often its record came, it has one event id."""
    mongo = Mongo(fragile.infrastructure.mongo_uri, prefix=prefix)
    await end_leases(mongo.database("intake_web")["suggestions"])
    mongo.close()
    async with topic_events(fragile.infrastructure, "suggestions") as events_of:
        for suggestion_id in ids:
            events = await events_of(suggestion_id, 1, within_s=seconds)
            assert len({event.id for event in events}) == 1, suggestion_id


async def test_intake_answers_202_while_the_broker_is_down_and_the_backlog_follows(
    fragile: Fragile, prefix: str, tmp_path: Path
) -> None:
    """Row 5: accepting needs the database alone; readiness says what is wrong."""
    async with intake_web(fragile.infrastructure, prefix, tmp_path) as client:
        await asyncio.to_thread(fragile.stop, "kafka")
        try:
            began, ids = time.monotonic(), []
            while time.monotonic() - began < DOWN_S:
                ids.append(await accepted(client))
                await asyncio.sleep(0.2)

            async def red() -> bool:
                return (await client.get("/health/ready")).status_code == 503

            await until(red)
            ids.append(await accepted(client))
        finally:
            await back(fragile, "kafka")
        await until_all_published(fragile, prefix, ids)

        async def green() -> bool:
            return (await client.get("/health/ready")).status_code == 200

        await until(green, seconds=60)


async def test_the_events_of_one_suggestion_leave_in_order_after_an_outage(fragile: Fragile, prefix: str) -> None:
    """Row 5: what was added to an aggregate while the broker was down drains in the order of writing."""
    mongo, rounds = Mongo(fragile.infrastructure.mongo_uri, prefix=prefix), 4
    collection = mongo.database("outage")["aggregates"]
    store, publisher = OutboxStore(collection, CLOCK), Publisher(fragile.infrastructure.connection(), ack_timeout_s=2)
    await store.ensure_indexes()
    relay = Relay(store, publisher, CLOCK, DeliveryMetrics(CollectorRegistry()))
    relaying = asyncio.create_task(relay.run())
    written: dict[str, list[str]] = {str(ULID()): [] for _ in range(15)}
    await asyncio.to_thread(fragile.stop, "kafka")
    try:
        for number in range(rounds):
            for suggestion_id, events in written.items():
                data = SuggestionSubmitted(
                    suggestion_id=suggestion_id, channel="web", received_at=CLOCK.now(), text=str(number)
                )
                one = entry(data, source="tests", at=CLOCK.now())
                events.append(one["event_id"])
                if number == 0:
                    document = {"_id": suggestion_id, **new_fields([one], now=CLOCK.now())}
                    await collection.insert_one(document)
                    relay.nudge(pending_of(document))
                else:
                    await collection.update_one({"_id": suggestion_id}, append_update([one], now=CLOCK.now()))
                    relay.wake()
            await asyncio.sleep(2)
    finally:
        await back(fragile, "kafka")
    await end_leases(collection)
    async with topic_events(fragile.infrastructure, "suggestions") as events_of:
        for suggestion_id, expected in written.items():
            seen = [event.id for event in await events_of(suggestion_id, rounds, within_s=90)]
            assert list(dict.fromkeys(seen)) == expected
    relaying.cancel()
    await publisher.stop()
    mongo.close()


async def test_nothing_accepted_is_missing_after_five_hard_bounces_of_the_broker(
    fragile: Fragile, prefix: str, tmp_path: Path
) -> None:
    """Row 6: SIGKILL five times under load; the supervisor starts it again each time."""
    ids: list[str] = []
    async with intake_web(fragile.infrastructure, prefix, tmp_path) as client:

        async def load() -> None:
            while True:
                ids.append(await accepted(client))
                await asyncio.sleep(0.05)

        loading = asyncio.create_task(load())
        for _ in range(5):
            await asyncio.to_thread(fragile.kill, "kafka")
            await fragile.answering("kafka")
            await asyncio.sleep(2)
            assert not loading.done(), loading.exception()
        loading.cancel()
        await asyncio.gather(loading, return_exceptions=True)
        assert len(ids) > 50
        await until_all_published(fragile, prefix, ids)
    house = RouterHouse(fragile.infrastructure, prefix)
    async with house.running():
        await house.told(ids, 2 * len(ids), seconds=120)


async def test_intake_answers_503_within_two_seconds_while_the_database_is_frozen(
    fragile: Fragile, prefix: str, tmp_path: Path
) -> None:
    """Row 9: bounded, with a time to come back, and well again afterwards."""
    async with intake_web(fragile.infrastructure, prefix, tmp_path) as client:
        await accepted(client)
        contact = {"text": SIGNALS, "contact": {"email": "li@example.org"}}
        with fragile.frozen("mongo"):
            for body in ({"text": SIGNALS}, contact, {"text": SIGNALS}):
                began = time.monotonic()
                answer = await client.post("/api/v1/suggestions", json=body, headers={"Idempotency-Key": "k"})
                assert time.monotonic() - began < WITHIN_S
                assert answer.status_code == 503
                assert int(answer.headers["retry-after"]) > 0
                assert answer.headers["content-type"].startswith("application/problem+json")

        async def well() -> bool:
            return (await client.post("/api/v1/suggestions", json={"text": SIGNALS})).status_code == 202

        await until(well)


async def committed(fragile: Fragile, group: str) -> dict[TopicPartition, int]:
    admin = fragile.infrastructure.connection().admin()
    await admin.start()
    try:
        found = await admin.list_consumer_group_offsets(group)
    finally:
        await admin.close()
    return {place: offset.offset for place, offset in found.items() if place.topic == "suggestions"}


async def letters(fragile: Fragile) -> int:
    consumer = fragile.infrastructure.connection().consumer()
    await consumer.start()
    try:
        [end] = (await consumer.end_offsets([TopicPartition("suggestions-dlq", 0)])).values()
    finally:
        await consumer.stop()
    return int(end)


async def test_a_consumer_commits_and_buries_nothing_while_the_database_is_frozen(
    fragile: Fragile, prefix: str
) -> None:
    """Row 9: an outage is no fault of the records."""
    house = RouterHouse(fragile.infrastructure, prefix)
    mongo = Mongo(fragile.infrastructure.mongo_uri, prefix=prefix)
    buried = await letters(fragile)
    async with house.running():
        first = await house.publish(said(SIGNALS))
        await house.told([first[0]["subject"]], 2)
        await asyncio.sleep(1)  # its commit
        before = await committed(fragile, f"router-{prefix}")
        with fragile.frozen("mongo"):
            late = await house.publish(*[said(SIGNALS) for _ in range(30)])
            await asyncio.sleep(DOWN_S)
            assert await committed(fragile, f"router-{prefix}") == before
        ids = [one["subject"] for one in late]
        await house.told(ids, 2 * len(ids), seconds=90)
        assert await house.cases(mongo).count_documents({"_id": {"$in": ids}}) == len(ids)
    assert await letters(fragile) == buried
    mongo.close()
