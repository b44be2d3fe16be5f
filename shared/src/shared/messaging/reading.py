"""Read topics without a consumer group: nothing is committed, nobody's position moves, no group right is needed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError

from shared.errors import NotFound, Unavailable
from shared.messaging.connection import KafkaConnection

AWAY, REFUSED = "broker-away", "broker-refuses"
READ_S = 20.0
"""What reading one piece may take."""


@asynccontextmanager
async def reader(connection: KafkaConnection) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer with nothing assigned yet.

    Raises:
        Unavailable: the broker is away or silent, or refuses this login, now or within the block.
    """
    made = connection.consumer()
    try:
        try:
            await made.start()
            yield made
        finally:
            await made.stop()
    except TopicAuthorizationFailedError as error:
        raise Unavailable(f"Kafka refuses this login ({type(error).__name__})", code=REFUSED) from error
    except (KafkaError, OSError) as error:
        raise Unavailable(f"no Kafka on {connection.bootstrap_servers} ({type(error).__name__})", code=AWAY) from error


async def partitions(connection: KafkaConnection, topics: Iterable[str]) -> dict[str, list[TopicPartition]]:
    """The partitions of each topic; a topic that does not exist is left out. Raises `Unavailable` without a broker."""
    admin = connection.admin()
    try:
        await admin.start()
        described = await admin.describe_topics(list(topics))
    except (KafkaError, OSError) as error:
        raise Unavailable(f"no Kafka on {connection.bootstrap_servers} ({type(error).__name__})", code=AWAY) from error
    finally:
        await admin.close()
    return {
        found["topic"]: sorted(TopicPartition(found["topic"], part["partition"]) for part in found["partitions"])
        for found in described
        if found["error_code"] == 0
    }


async def stored(connection: KafkaConnection, topic: str, *, newest: int | None = None) -> list[ConsumerRecord]:
    """Every record that the topic holds now, partition by partition; `newest`: at most so many of each.

    Raises:
        Unavailable: no broker, no such topic, or no right to see it: an empty answer would be a lie.
    """
    places = await _places(connection, topic)
    found: list[ConsumerRecord] = []
    async with reader(connection) as consumer:
        ends: dict[TopicPartition, int] = await consumer.end_offsets(places)
        starts: dict[TopicPartition, int] = await consumer.beginning_offsets(places)
        for place in places:
            start = starts[place] if newest is None else max(starts[place], ends[place] - newest)
            if start < ends[place]:
                found += await _between(consumer, place, start, ends[place])
    return found


async def _places(connection: KafkaConnection, topic: str) -> list[TopicPartition]:
    found = await partitions(connection, [topic])
    if topic not in found:  # the broker answers alike whether there is none or it may not be seen
        raise Unavailable(f"there is no topic {topic}, or this login may not see it", code=REFUSED)
    return found[topic]


async def _between(consumer: AIOKafkaConsumer, place: TopicPartition, start: int, end: int) -> list[ConsumerRecord]:
    consumer.assign([place])
    consumer.seek(place, start)
    found: list[ConsumerRecord] = []
    try:
        while await consumer.position(place) < end:
            async with asyncio.timeout(READ_S):
                batches = await consumer.getmany(place, timeout_ms=2000)
            found += [record for batch in batches.values() for record in batch if record.offset < end]
    except TimeoutError:
        raise Unavailable(f"reading {place.topic} takes too long", code=AWAY) from None
    return found


async def one(connection: KafkaConnection, topic: str, partition: int, offset: int) -> ConsumerRecord:
    """The record at this place.

    Raises:
        NotFound: there is none (or none any more).
        Unavailable: no broker.
    """
    missing = NotFound(f"no record at offset {offset} of {topic}")
    place = TopicPartition(topic, partition)
    if place not in await _places(connection, topic):
        raise missing
    async with reader(connection) as consumer:
        starts, ends = await consumer.beginning_offsets([place]), await consumer.end_offsets([place])
        if not starts[place] <= offset < ends[place]:
            raise missing
        found = await _between(consumer, place, offset, offset + 1)
    if not found or found[0].offset != offset:
        raise missing
    return found[0]


def header_texts(headers: Iterable[tuple[str, bytes | None]]) -> dict[str, str | None]:
    """Headers as text; a null stays null, bytes that are no UTF-8 are shown as replacement signs."""
    return {name: None if value is None else value.decode("utf-8", "replace") for name, value in headers}
