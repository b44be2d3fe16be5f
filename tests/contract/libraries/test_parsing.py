"""What a sender's headers do to FastStream, and that our parser keeps them away from it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka import ConsumerRecord
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage as Message
from prometheus_client import CollectorRegistry

from shared.clock import SystemClock
from shared.messaging.broker import build_broker, subscribe
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.delivery import Delivery
from shared.messaging.metrics import DeliveryMetrics
from shared.messaging.publishing import Publisher
from tests.support.kafka import Workbench, create_topic, started, until

pytestmark = pytest.mark.connected
BAD_HEADERS = [("x-null", None)], [("x-binary", b"\xff\xfe")]


def plain_broker(
    bench: Workbench, seen: list[bytes], *, answer: bytes | None = None, no_reply: bool = False
) -> KafkaBroker:
    broker = KafkaBroker(bench.servers, logger=None)

    async def handler(message: Message) -> bytes | None:
        seen.append(message.body)
        return answer

    broker.subscriber(
        bench.topic,
        group_id=bench.group,
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.NACK_ON_ERROR,
        no_reply=no_reply,
    )(handler)
    return broker


@pytest.mark.parametrize("headers", BAD_HEADERS, ids=["null", "binary"])
async def test_the_plain_parser_skips_a_record_with_such_a_header_and_commits_past_it(
    bench: Workbench, headers: list[tuple[str, bytes | None]]
) -> None:
    await bench.send(b"lost", headers=headers)
    await bench.send(b"seen")
    seen: list[bytes] = []
    async with started(plain_broker(bench, seen)):
        await until(lambda: bool(seen))
        await asyncio.sleep(0.3)
    assert seen == [b"seen"]
    assert await bench.committed() == 2


@pytest.mark.parametrize("headers", BAD_HEADERS, ids=["null", "binary"])
async def test_our_parser_hands_it_on_with_its_headers_as_they_came(
    bench: Workbench, headers: list[tuple[str, bytes | None]]
) -> None:
    """Row 17."""
    await bench.send(b"kept", headers=headers)
    seen: list[ConsumerRecord[bytes, bytes]] = []

    class Keeping(Delivery):
        async def __call__(self, records: Sequence[Any]) -> None:
            seen.extend(records)

    clock, metrics = SystemClock(), DeliveryMetrics(CollectorRegistry())
    letters = DeadLetters(Publisher(bench.connection), clock)
    broker = build_broker(bench.connection)
    subscribe(broker, [bench.topic], group=bench.group, delivery=Keeping({}, letters, clock, metrics))
    async with started(broker):
        await until(lambda: bool(seen))
    assert [(record.value, list(record.headers)) for record in seen] == [(b"kept", headers)]
    assert await bench.committed() == 1


async def test_a_value_that_does_not_fit_the_handlers_type_never_reaches_it_and_blocks_the_partition(
    bench: Workbench,
) -> None:
    await bench.send(b"not a number", b"2")
    seen: list[int] = []
    broker = KafkaBroker(bench.servers, logger=None)

    async def handler(number: int) -> None:
        seen.append(number)

    subscriber = broker.subscriber(
        bench.topic, group_id=bench.group, auto_offset_reset="earliest", ack_policy=AckPolicy.NACK_ON_ERROR
    )
    subscriber(handler)
    async with started(broker):
        await until(lambda: bool(subscriber.consumer and subscriber.consumer.assignment()))
        await asyncio.sleep(1)
    assert seen == []
    assert await bench.committed() is None


@pytest.mark.parametrize(("no_reply", "diverted"), [(False, [b"secret"]), (True, [])])
async def test_a_senders_reply_to_diverts_what_a_handler_returns_unless_replies_are_off(
    bench: Workbench, no_reply: bool, diverted: list[bytes]
) -> None:
    """Row 18."""
    canary = Workbench(bench.connection, f"{bench.topic}-canary", bench.group)
    await create_topic(bench.connection, canary.topic)
    await bench.send(b"x", headers=[("reply_to", canary.topic.encode())])
    seen: list[bytes] = []
    async with started(plain_broker(bench, seen, answer=b"secret", no_reply=no_reply)):
        await until(lambda: bool(seen))
        await asyncio.sleep(0.5)
    assert await canary.values() == diverted
