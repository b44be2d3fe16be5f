"""What runs and how far it is: the answer of `minsheng status`."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import httpx2
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from minsheng import dead_letters, kafka, mongo, readiness, records, stack
from minsheng.addresses import connection
from minsheng.client import Unreachable
from minsheng.control import Running, supervisor
from minsheng.places import Places
from shared.contracts.topics import TOPICS
from shared.errors import Unavailable

CHANNELS = ("voice", "video")
LETTERS_MS = 2_000
"""What `status` waits for the database that knows which letters are handled."""


@dataclass(slots=True)
class Status:
    """The fields of `status --json`."""

    services: list[dict[str, Any]]
    topics: list[dict[str, Any]] = field(default_factory=list)
    recordings: dict[str, dict[str, Any]] = field(default_factory=dict)
    dead_letters: dict[str, int] = field(default_factory=dict)
    kafka: dict[str, str] = field(default_factory=dict)
    mongo: dict[str, str] = field(default_factory=dict)
    mail: dict[str, str] = field(default_factory=dict)
    ready: bool = False

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def status(places: Places) -> Status:
    """Ask everybody; raises `NotRunning`."""
    running = Running.load(places)
    names = frozenset(running.processes)
    processes = [p for p in stack.plan(places, names) if p.name in names]
    with supervisor(running.endpoint, timeout=8) as control:
        rows = readiness.rows(places, control, processes)
        workers = {channel: control.count(f"worker-{channel}") for channel in CHANNELS if f"worker-{channel}" in names}
    found = Status(
        services=rows,
        kafka=running.kafka,
        mongo={**running.mongo, "uri": without_password(running.mongo["uri"])},
    )
    found.mail = {"inbox_url": running.mail["inbox_url"]}
    asyncio.run(_infrastructure(places, running, found))
    found.recordings = _recordings(running.urls, workers)
    found.ready = bool(rows) and all(row["ready"] for row in rows)
    return found


def without_password(uri: str) -> str:
    """A connection string without its credentials."""
    scheme, _, rest = uri.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


async def _infrastructure(places: Places, running: Running, found: Status) -> None:
    bootstrap = running.kafka["bootstrap_servers"]
    expected = kafka.cluster_id(places) if running.kafka["kind"] == "local" else None
    reasons = dict(
        zip(
            ("kafka", "mongo"),
            await asyncio.gather(kafka.answers(bootstrap, expected), mongo.answers(running.mongo["uri"])),
            strict=True,
        )
    )
    for row in found.services:
        reason = reasons.get(row["name"])
        if reason and row["pid"] is not None:
            row.update(state="not-ready", ready=False, reasons=[reason])
        if row["name"] == "kafka":
            row["url"] = bootstrap
        if row["name"] == "mongo":
            row["url"] = without_password(running.mongo["uri"]).split("?")[0]
    if reasons["kafka"] is None:
        try:
            found.topics, found.dead_letters = await topics(places, bootstrap)
        except (KafkaError, Unreachable, Unavailable, TimeoutError):
            pass  # the broker went away in between: the next call says so


async def topics(state: Places, bootstrap: str) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Per topic its width, records written and each group's lag; and the dead letters nobody has handled yet."""
    admin = connection(bootstrap).admin()
    await admin.start()
    try:
        groups = sorted({group[0] for group in await admin.list_consumer_groups()})
        committed = {group: await admin.list_consumer_group_offsets(group) for group in groups}
    finally:
        await admin.close()
    names = [name for topic in TOPICS for name in (topic.name, topic.dead_letters)]
    existing = await records.partitions(bootstrap, names)
    readers = {topic.name: topic.consumers for topic in TOPICS}
    async with records.consumer(bootstrap) as reader:
        rows = [
            await _row(reader, name, existing[name], readers.get(name, ()), committed)
            for name in names
            if name in existing
        ]
    async with dead_letters.letter_office(state, patience_ms=LETTERS_MS) as office:
        letters = {
            topic.name: await office.count_open(topic.name) for topic in TOPICS if topic.dead_letters in existing
        }
    return rows, letters


async def _row(
    reader: AIOKafkaConsumer,
    name: str,
    places: list[TopicPartition],
    readers: tuple[str, ...],
    committed: Mapping[str, Mapping[TopicPartition, Any]],
) -> dict[str, Any]:
    starts = await reader.beginning_offsets(places)
    ends = await reader.end_offsets(places)
    lag = {}
    for group, offsets in committed.items():
        # A registered reader that has committed nothing here yet has everything before it.
        if group in readers or any(place in offsets for place in places):
            lag[group] = sum(
                max(0, ends[place] - (offsets[place].offset if place in offsets else starts[place])) for place in places
            )
    return {"name": name, "partitions": len(places), "end_offset": sum(ends.values()), "lag": lag}


def _recordings(urls: Mapping[str, str], workers: Mapping[str, int]) -> dict[str, dict[str, Any]]:
    waiting: dict[str, Any] = {}
    if "intake-media" in urls:
        try:
            waiting = httpx2.get(f"{urls['intake-media']}/internal/queue", timeout=4).raise_for_status().json()
        except (httpx2.HTTPError, ValueError):
            waiting = {}  # the service's own row says that it is down
    return {
        channel: {
            "waiting": _whole(waiting.get(channel, {}).get("waiting")),
            "oldest_age_s": waiting.get(channel, {}).get("oldest_age_s"),
            "workers": workers[channel],
            "in_hand": waiting.get(channel, {}).get("in_hand", []),
        }
        for channel in workers
    }


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)
