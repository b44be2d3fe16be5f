"""Topics as a stranger reads them: a plain consumer, headers and JSON by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition


@dataclass(frozen=True)
class Seen:
    """One record as a stranger sees it."""

    topic: str
    partition: int
    offset: int
    key: str | None
    headers: dict[str, str]
    value: bytes

    @cached_property
    def data(self) -> dict[str, Any]:
        """The value, read as JSON."""
        found: dict[str, Any] = json.loads(self.value)
        return found

    @property
    def kind(self) -> str:
        """The event's type; empty where there is none."""
        return self.headers.get("ce_type", "")

    @property
    def subject(self) -> str:
        """The suggestion that the event is about."""
        return self.headers.get("ce_subject", "")


async def read_all(kafka: str, topics: Iterable[str], since: dict[TopicPartition, int] | None = None) -> list[Seen]:
    """Every record of the topics to the end as it is now, from the first or from `since`, which is moved on."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    seen: list[Seen] = []
    try:
        places = [
            TopicPartition(topic, number)
            for topic in topics
            for number in (consumer.partitions_for_topic(topic) or await _partitions(consumer, topic))
        ]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        await consumer.seek_to_beginning(*places)
        for place in places:
            if since and place in since:
                consumer.seek(place, since[place])
        while any([await consumer.position(place) < ends[place] for place in places]):
            for records in (await consumer.getmany(timeout_ms=1000, max_records=2000)).values():
                for one in records:
                    headers = {name: (value or b"").decode("utf-8", "replace") for name, value in one.headers}
                    key = one.key.decode("utf-8", "replace") if one.key else None
                    seen.append(Seen(one.topic, one.partition, one.offset, key, headers, one.value or b""))
        if since is not None:
            for place in places:
                since[place] = await consumer.position(place)
    finally:
        await consumer.stop()
    return seen


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    await consumer._client.force_metadata_update()
    found = consumer._client.cluster.partitions_for_topic(topic)
    if not found:
        consumer._client.add_topic(topic)
        await consumer._client.force_metadata_update()
        found = consumer._client.cluster.partitions_for_topic(topic)
    return found or set()
