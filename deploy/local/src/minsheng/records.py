"""Read topics without a consumer group: nothing is committed, nobody's position moves."""

import json
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from minsheng.addresses import connection
from minsheng.client import Unreachable

HIDDEN = "(hidden)"


@asynccontextmanager
async def consumer(bootstrap: str) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer with nothing assigned yet; raises `Unreachable` without a broker."""
    made = connection(bootstrap).consumer()
    try:
        await made.start()
    except KafkaError as error:
        await made.stop()
        raise Unreachable(f"no Kafka on {bootstrap} ({type(error).__name__})") from error
    try:
        yield made
    finally:
        await made.stop()


async def partitions(bootstrap: str, topics: Iterable[str]) -> dict[str, list[TopicPartition]]:
    """The partitions of each topic; a topic that does not exist is left out. Raises `Unreachable` without a broker."""
    admin = connection(bootstrap).admin()
    try:
        await admin.start()
        described = await admin.describe_topics(list(topics))
    except KafkaError as error:
        raise Unreachable(f"no Kafka on {bootstrap} ({type(error).__name__})") from error
    finally:
        await admin.close()
    return {
        found["topic"]: sorted(TopicPartition(found["topic"], part["partition"]) for part in found["partitions"])
        for found in described
        if found["error_code"] == 0
    }


async def follow(
    bootstrap: str,
    topics: Sequence[str],
    *,
    from_beginning: bool = False,
    idle_s: float | None = None,
    started: Callable[[], None] = lambda: None,
) -> AsyncIterator[ConsumerRecord]:
    """Records of the topics as they come; with `idle_s` it ends after that many seconds without one.

    `started` is called when no record written from then on can be missed.
    """
    there = await partitions(bootstrap, topics)
    missing = [topic for topic in topics if topic not in there]
    if missing:
        raise Unreachable(f"there is no topic {', '.join(missing)} on {bootstrap}")
    assigned = [place for places in there.values() for place in places]
    async with consumer(bootstrap) as reader:
        reader.assign(assigned)
        await (reader.seek_to_beginning(*assigned) if from_beginning else reader.seek_to_end(*assigned))
        for place in assigned:  # pins the positions: a record that comes from here on is not missed
            await reader.position(place)
        started()
        heard = time.monotonic()
        while idle_s is None or time.monotonic() - heard < idle_s:
            batches = await reader.getmany(timeout_ms=500)
            records = [record for batch in batches.values() for record in batch]
            for record in sorted(records, key=lambda r: r.timestamp):
                yield record
            if records:
                heard = time.monotonic()


async def stored(bootstrap: str, topic: str) -> list[ConsumerRecord]:
    """Every record that the topic holds now, partition by partition."""
    places = (await partitions(bootstrap, [topic])).get(topic, [])
    async with consumer(bootstrap) as reader:
        ends: dict[TopicPartition, int] = await reader.end_offsets(places)
        starts: dict[TopicPartition, int] = await reader.beginning_offsets(places)
        open_places = [place for place in places if ends[place] > starts[place]]
        found: list[ConsumerRecord] = []
        for place in open_places:
            reader.assign([place])
            reader.seek(place, starts[place])
            while await reader.position(place) < ends[place]:
                batches = await reader.getmany(place, timeout_ms=2000)
                found += [record for batch in batches.values() for record in batch if record.offset < ends[place]]
        return found


def header_texts(record: ConsumerRecord) -> dict[str, str | None]:
    """Headers as text; a null stays null, bytes that are no UTF-8 are shown as replacement signs."""
    return {name: None if value is None else value.decode("utf-8", "replace") for name, value in record.headers}


def view(record: ConsumerRecord, *, contact: bool = False) -> dict[str, Any]:
    """A record as people and scripts see it: place, time, key, headers, `type`, `id`, `subject`, `data`.

    Contact data is hidden unless asked for.
    """
    headers = header_texts(record)
    body: Any
    try:
        body = json.loads(record.value or b"null")
    except ValueError:  # includes bytes that are no UTF-8
        body = (record.value or b"").decode("utf-8", "replace")
    envelope: dict[str, Any] = {name[3:]: value for name, value in headers.items() if name.startswith("ce_")}
    if isinstance(body, dict) and "specversion" in body:
        envelope = {name: value for name, value in body.items() if name != "data"}
        data = body.get("data")
    else:
        data = body
    if not contact and isinstance(data, dict) and data.get("contact"):
        data = data | {"contact": HIDDEN}
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "at": datetime.fromtimestamp(record.timestamp / 1000, UTC).isoformat(timespec="milliseconds"),
        "key": None if record.key is None else record.key.decode("utf-8", "replace"),
        "type": envelope.get("type"),
        "id": envelope.get("id"),
        "subject": envelope.get("subject"),
        "headers": headers,
        "envelope": envelope,
        "data": data,
    }
