"""A broker that hangs: errors that don't mean "not published", waits without end, and our bounds around them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage as Message
from prometheus_client import CollectorRegistry

from shared.clock import SystemClock
from shared.errors import Unavailable
from shared.messaging.broker import build_broker, stop_bounded, subscribe
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.delivery import Delivery
from shared.messaging.encoding import Outgoing
from shared.messaging.metrics import DeliveryMetrics
from shared.messaging.publishing import Publisher
from tests.support.kafka import OwnBroker, Workbench, until, workbench

pytestmark = pytest.mark.connected


@pytest.fixture
async def bench(broker_to_freeze: OwnBroker) -> Workbench:
    return await workbench(broker_to_freeze.connection)


async def test_a_send_that_timed_out_was_published_all_the_same(bench: Workbench, broker_to_freeze: OwnBroker) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bench.servers, acks="all", request_timeout_ms=2000)
    await producer.start()
    await producer.send_and_wait(bench.topic, b"warm")
    with broker_to_freeze.frozen(), pytest.raises(KafkaError):
        await producer.send_and_wait(bench.topic, b"unknown")

    async def is_there() -> bool:
        return b"unknown" in await bench.values()

    await until(is_there)
    await producer.stop()


async def test_an_idempotent_send_waits_without_end_and_our_publisher_does_not(
    bench: Workbench, broker_to_freeze: OwnBroker
) -> None:
    publisher = Publisher(bench.connection, ack_timeout_s=2)
    record = Outgoing(topic=bench.topic, key=None, value=b"again", headers=[])
    await publisher.publish([Outgoing(topic=bench.topic, key=None, value=b"warm", headers=[])])
    library = bench.connection.producer()
    await library.start()
    with broker_to_freeze.frozen():
        waiting = asyncio.ensure_future(library.send_and_wait(bench.topic, b"library"))
        with pytest.raises(Unavailable):
            await publisher.publish([record])
        await asyncio.sleep(2)  # longer than the publisher's bound
        assert not waiting.done()
    await asyncio.wait_for(waiting, 20)
    await library.stop()
    await publisher.publish([record])  # a new producer: the old one was given up
    await publisher.stop()
    values = await bench.values()
    assert values.count(b"library") == 1
    assert values.count(b"again") >= 1


async def test_a_commit_waits_without_end(bench: Workbench, broker_to_freeze: OwnBroker) -> None:
    await bench.send(b"1")
    consumer = bench.connection.consumer(bench.topic, group_id=bench.group, auto_offset_reset="earliest")
    await consumer.start()
    await consumer.getone()
    with broker_to_freeze.frozen():
        committing = asyncio.ensure_future(consumer.commit())
        await asyncio.sleep(3)
        assert not committing.done()
    await asyncio.wait_for(committing, 30)
    await consumer.stop()


async def test_stopping_is_bounded_by_us_and_by_nobody_else(bench: Workbench, broker_to_freeze: OwnBroker) -> None:
    """Row 22."""
    await bench.send(b"1")
    seen: list[Any] = []

    async def handler(message: Message) -> None:
        seen.append(message.body)

    theirs = KafkaBroker(bench.servers, logger=None, graceful_timeout=1)
    theirs.subscriber(
        bench.topic, group_id=f"{bench.group}-theirs", auto_offset_reset="earliest", ack_policy=AckPolicy.NACK_ON_ERROR
    )(handler)
    clock, metrics = SystemClock(), DeliveryMetrics(CollectorRegistry())
    ours = build_broker(bench.connection)
    delivery = Delivery({}, DeadLetters(Publisher(bench.connection), clock), clock, metrics)
    subscribe(ours, [bench.topic], group=bench.group, delivery=delivery)
    await theirs.start()
    await ours.start()
    await until(lambda: bool(seen))
    with broker_to_freeze.frozen():
        stopping = asyncio.ensure_future(theirs.stop())
        await asyncio.wait_for(stop_bounded(ours, timeout_s=3), 6)
        await asyncio.sleep(2)
        assert not stopping.done()  # its own graceful time-out was one second
    await asyncio.wait_for(stopping, 60)
    await ours.stop()
