"""Read topics without a consumer group: nothing is committed, nobody's position moves."""

import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from minsheng.addresses import connection
from minsheng.client import Unreachable
from shared.errors import Unavailable
from shared.messaging import reading

HIDDEN = "(hidden)"


@asynccontextmanager
async def consumer(bootstrap: str) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer with nothing assigned yet; raises `Unreachable` without a broker."""
    try:
        async with reading.reader(connection(bootstrap)) as made:
            yield made
    except Unavailable as error:
        raise Unreachable(str(error)) from error


async def partitions(bootstrap: str, topics: Iterable[str]) -> dict[str, list[TopicPartition]]:
    """The partitions of each topic; a topic that does not exist is left out. Raises `Unreachable` without a broker."""
    try:
        return await reading.partitions(connection(bootstrap), topics)
    except Unavailable as error:
        raise Unreachable(str(error)) from error


async def follow(
    bootstrap: str,
    topics: Sequence[str],
    *,
    from_beginning: bool = False,
    idle_s: float | None = None,
    started: Callable[[], None] = lambda: None,
) -> AsyncGenerator[ConsumerRecord]:
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


def view(record: ConsumerRecord, *, contact: bool = False) -> dict[str, Any]:
    """A record as people and scripts see it: place, time, and `contents`."""
    moment = datetime.fromtimestamp(record.timestamp / 1000, UTC).isoformat(timespec="milliseconds")
    place = {"topic": record.topic, "partition": record.partition, "offset": record.offset, "at": moment}
    return place | contents(record.key, record.value, record.headers, contact=contact)


def contents(
    key: bytes | None,
    value: bytes | None,
    raw_headers: Sequence[tuple[str, bytes | None]],
    *,
    contact: bool = False,
) -> dict[str, Any]:
    """`key`, `type`, `id`, `subject`, `headers`, `envelope`, `data`; contact data is hidden unless asked for."""
    headers = reading.header_texts(raw_headers)
    body: Any
    try:
        body = json.loads(value or b"null")
    except ValueError:  # includes bytes that are no UTF-8
        body = (value or b"").decode("utf-8", "replace")
    envelope: dict[str, Any] = {name[3:]: text for name, text in headers.items() if name.startswith("ce_")}
    if isinstance(body, dict) and "specversion" in body:
        envelope = {name: part for name, part in body.items() if name != "data"}
        data = body.get("data")
    else:
        data = body
    if not contact and isinstance(data, dict) and data.get("contact"):
        data = data | {"contact": HIDDEN}
    return {
        "key": None if key is None else key.decode("utf-8", "replace"),
        "type": envelope.get("type"),
        "id": envelope.get("id"),
        "subject": envelope.get("subject"),
        "headers": headers,
        "envelope": envelope,
        "data": data,
    }
