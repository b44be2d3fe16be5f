"""Who sends side by side loses the order within a key, without any fault; who sends one after the other keeps it.

The reason why `Publisher` has one sender at a time. A send that finds the batch full waits until it has left; whoever
comes in that moment is in the next batch before those who waited.
"""

from __future__ import annotations

import asyncio
import logging

import pytest
from aiokafka import AIOKafkaProducer

from shared.messaging.encoding import Outgoing
from shared.messaging.publishing import Publisher
from tests.support.kafka import OwnBroker, Workbench, until, workbench

pytestmark = pytest.mark.connected
KEY = b"S1"
VALUES = [(b"%04d" % number) + b"." * 2_000 for number in range(1_000)]
"""Eight fill a batch (16 KiB)."""


RETRIED = "Got error produce response"
"""What aiokafka logs when a request failed and goes out again."""


def numbers(values: list[bytes]) -> list[int]:
    """Which of `VALUES` they are."""
    return [int(value[:4]) for value in values]


async def test_sends_side_by_side_overtake_each_other_within_a_key(bench: Workbench) -> None:
    producer = bench.connection.producer()
    await producer.start()
    try:
        tasks = [asyncio.create_task(producer.send_and_wait(bench.topic, VALUES[0], key=KEY))]
        await tasks[0]  # the topic is known
        for value in VALUES[1:]:  # as requests come in: one after the other, none waiting for another's acknowledgement
            tasks.append(asyncio.create_task(producer.send_and_wait(bench.topic, value, key=KEY)))
            await asyncio.sleep(0)
        await asyncio.gather(*tasks)
    finally:
        await producer.stop()
    found = numbers(await bench.values())
    assert sorted(found) == list(range(len(VALUES)))
    assert found != sorted(found)


async def test_our_publisher_keeps_the_order_though_all_publish_at_once(bench: Workbench) -> None:
    publisher = Publisher(bench.connection)
    try:
        tasks = []
        for start in range(0, len(VALUES), 4):
            records = [
                Outgoing(topic=bench.topic, key=KEY, value=value, headers=[]) for value in VALUES[start : start + 4]
            ]
            tasks.append(asyncio.create_task(publisher.publish(records)))
            await asyncio.sleep(0)
        await asyncio.gather(*tasks)
    finally:
        await publisher.stop()
    assert numbers(await bench.values()) == list(range(len(VALUES)))


async def test_the_library_repeats_what_a_hanging_broker_did_not_answer_in_order_and_once(
    broker_to_freeze: OwnBroker, caplog: pytest.LogCaptureFixture
) -> None:
    """Requests of an idempotent producer time out and are sent again while others wait behind them."""
    caplog.set_level(logging.WARNING, logger="aiokafka")  # a command line in this process may have silenced it
    bench = await workbench(broker_to_freeze.connection)
    producer = AIOKafkaProducer(bootstrap_servers=bench.servers, enable_idempotence=True, request_timeout_ms=1_000)
    await producer.start()
    try:
        await producer.send_and_wait(bench.topic, VALUES[0], key=KEY)
        with broker_to_freeze.frozen():
            futures = [await producer.send(bench.topic, value, key=KEY) for value in VALUES[1:9]]
            await until(lambda: RETRIED in caplog.text)
            assert not any(future.done() for future in futures)
        futures += [await producer.send(bench.topic, value, key=KEY) for value in VALUES[9:200]]
        await asyncio.wait_for(asyncio.gather(*futures), 30)
    finally:
        await producer.stop()
    assert numbers(await bench.values()) == list(range(200))
