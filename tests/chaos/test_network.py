"""Rows 4, 19, 22 and 37: a broker that hangs, and a network that is slow, broken off or silent."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from ulid import ULID

from shared.clock import SystemClock
from shared.contracts.envelope import Event
from shared.contracts.suggestions import SuggestionSubmitted
from shared.errors import PermanentError
from shared.messaging.broker import build_broker, subscribe
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.delivery import Delivery
from shared.messaging.encoding import to_record
from shared.messaging.metrics import DeliveryMetrics
from shared.messaging.publishing import Publisher
from shared.messaging.relay import Relay
from shared.storage.mongo import Mongo
from shared.storage.outbox import entry, new_fields, pending_of
from shared.storage.outbox_store import OutboxStore
from tests.support.casework import SIGNALS, said
from tests.support.chaos_proxy import ChaosProxy
from tests.support.fragile import Fragile
from tests.support.kafka import Workbench, create_topic, started, until, workbench
from tests.support.media_stack import topic_events
from tests.support.processes import Processes, end_leases, ended
from tests.support.records import outbox_entry
from tests.support.router_house import RouterHouse, handling

pytestmark = pytest.mark.connected
CLOCK = SystemClock()


async def test_a_publish_that_timed_out_though_it_was_stored_has_one_effect(fragile: Fragile, prefix: str) -> None:
    """Row 4: the broker hangs for twice the time that we wait for it."""
    mongo, suggestion_id = Mongo(fragile.infrastructure.mongo_uri, prefix=prefix), str(ULID())
    collection = mongo.database("hang")["aggregates"]
    store, publisher = OutboxStore(collection, CLOCK), Publisher(fragile.infrastructure.connection(), ack_timeout_s=2)
    await store.ensure_indexes()
    relay = Relay(store, publisher, CLOCK, DeliveryMetrics(CollectorRegistry()))
    await publisher.publish([to_record("suggestions", outbox_entry(str(ULID())))])  # connected
    relaying = asyncio.create_task(relay.run())
    data = SuggestionSubmitted(suggestion_id=suggestion_id, channel="web", received_at=CLOCK.now(), text=SIGNALS)
    document = {"_id": suggestion_id, **new_fields([entry(data, source="tests", at=CLOCK.now())], now=CLOCK.now())}
    with fragile.frozen("kafka"):
        await collection.insert_one(document)
        relay.nudge(pending_of(document))
        await until(lambda: publisher.last_error is not None)
        await asyncio.sleep(2)
    await collection.update_one({"_id": suggestion_id}, {"$set": {"outbox_next_at": CLOCK.now()}})  # its lease ends
    house = RouterHouse(fragile.infrastructure, prefix)

    async def noted() -> bool:
        found = await collection.find_one({"_id": suggestion_id})
        return found is not None and found["outbox_published"] == 1

    async with house.running(), topic_events(fragile.infrastructure, "suggestions") as events_of:
        await until(noted, seconds=60)
        told = await house.told([suggestion_id], 2)
        events = await events_of(suggestion_id, 1)
    assert {event.id for event in events} == {document["outbox"][0]["event_id"]}
    assert [event.type for event in told] == ["case.accepted.v1", "case.assigned.v1"]
    relaying.cancel()
    await publisher.stop()
    mongo.close()


async def test_what_can_not_be_buried_is_not_committed(fragile: Fragile) -> None:
    """Row 19: only the way of the producer is cut; the consumer could go on, and must not."""
    bench = await workbench(fragile.infrastructure.connection())
    letters = Workbench(bench.connection, f"{bench.topic}-dlq", bench.group)
    await create_topic(bench.connection, letters.topic)
    proxy, tries = ChaosProxy(fragile.kafka_hidden_port), 0

    async def refuse(_: Event[Any]) -> None:
        nonlocal tries
        tries += 1
        raise PermanentError("not for us", code="unknown-source")

    async with proxy.listening(fragile.kafka_proxy_port):
        publisher = Publisher(fragile.behind_proxy().connection(), ack_timeout_s=2)
        delivery = Delivery(
            {"suggestion.submitted.v1": refuse},
            DeadLetters(publisher, CLOCK),
            CLOCK,
            DeliveryMetrics(CollectorRegistry()),
        )
        broker = build_broker(bench.connection)
        subscribe(broker, [bench.topic], group=bench.group, delivery=delivery)
        proxy.refuse = True
        record = to_record(bench.topic, outbox_entry(str(ULID())))
        await bench.send(record.value or b"", headers=record.headers)
        async with started(broker):
            await until(lambda: tries >= 3)
            assert proxy.connections > 0
            assert await bench.committed() is None
            assert await letters.values() == []
            proxy.heal()

            async def committed() -> bool:
                return await bench.committed() == 1

            await until(committed)
        assert set(await letters.values()) == {record.value}
        await publisher.stop()


async def test_a_service_told_to_stop_while_the_broker_hangs_ends_within_bounds_and_loses_nothing(
    fragile: Fragile, processes: Processes, prefix: str
) -> None:
    """Row 22: commits and the libraries' own stops wait without end for a frozen broker; the process does not."""
    house = RouterHouse(fragile.infrastructure, prefix)
    router = processes.start("router")
    await processes.ready(router)
    published = await house.publish(*[said(SIGNALS) for _ in range(20)])
    with fragile.frozen("kafka"):
        router.send_signal(signal.SIGTERM)
        await ended(router, seconds=30)
    await processes.ready(processes.start("router"))
    mongo = Mongo(fragile.infrastructure.mongo_uri, prefix=prefix)
    await end_leases(house.cases(mongo))
    mongo.close()
    ids = [one["subject"] for one in published]
    assert len(await house.told(ids, 2 * len(ids), seconds=90)) == 2 * len(ids)


async def test_a_router_behind_a_bad_network_is_stuck_nowhere(fragile: Fragile, prefix: str) -> None:
    """Row 37: slow, in slices, reset again and again, then silent for longer than a session; all is decided once."""
    house = RouterHouse(fragile.infrastructure, prefix)
    mongo = Mongo(fragile.infrastructure.mongo_uri, prefix=prefix)
    kafka = ChaosProxy(fragile.kafka_hidden_port)
    database = ChaosProxy(fragile.places.ports["MONGO_PORT"])
    ids: list[str] = []

    async def load(count: int) -> None:
        for _ in range(count):
            ids.extend(one["subject"] for one in await house.publish(said(SIGNALS)))

    async with kafka.listening(fragile.kafka_proxy_port), database.listening() as port:
        behind = RouterHouse(fragile.behind_proxy(mongo_port=port), prefix)
        async with behind.running():
            await load(5)
            await house.told(ids, 2 * len(ids), seconds=60)
            for proxy in (kafka, database):
                proxy.latency_s, proxy.slice_bytes = 0.1, 512
            await load(10)
            for _ in range(4):
                await asyncio.sleep(1)
                kafka.reset()
                database.reset()
            await load(10)
            for proxy in (kafka, database):
                proxy.silence()
            await load(10)
            await asyncio.sleep(9)  # the session is over, every time-out has struck
            for proxy in (kafka, database):
                proxy.heal()
            await load(5)
            told = await house.told(ids, 2 * len(ids), seconds=120)
        assert kafka.connections > 4  # it really went through the proxy, and had to come back
    assert len(told) == 2 * len(ids)
    documents = await house.cases(mongo).find({"_id": {"$in": ids}}).to_list(None)
    assert len(documents) == len(ids)
    assert {len(handling(one)) for one in documents} == {2}
    mongo.close()
