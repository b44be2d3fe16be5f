"""Reads a topic as it is now, from its beginning to its end; no group, no commit: nobody notices."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.contracts.envelope import Event
from shared.errors import PermanentError
from shared.messaging.connection import KafkaConnection
from shared.messaging.decoding import from_record

POLL_MS = 500


async def history(connection: KafkaConnection, topic: str) -> AsyncIterator[Event[Any]]:
    """Every readable event that the topic holds at the moment of the call, in order per suggestion."""
    consumer = connection.consumer(topic, auto_offset_reset="earliest")
    await consumer.start()
    try:
        partitions: list[TopicPartition] = list(consumer.assignment())
        if not partitions:
            raise PermanentError(f"there is no topic {topic}", code="topics-missing")
        ends = await consumer.end_offsets(partitions)
        starts = await consumer.beginning_offsets(partitions)
        waiting = {place for place in partitions if ends[place] > starts[place]}
        while waiting:
            for place, records in (await consumer.getmany(*waiting, timeout_ms=POLL_MS)).items():
                for record in records:
                    if record.offset >= ends[place]:
                        break
                    try:
                        yield from_record(record)
                    except PermanentError:
                        continue  # it lies in the dead letters; there was no decision about it
            waiting = {place for place in waiting if await consumer.position(place) < ends[place]}
    finally:
        await _stop(consumer)


async def _stop(consumer: AIOKafkaConsumer) -> None:
    try:
        await consumer.stop()
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise  # ours; else the library's own, which it lets out when stopped early
