"""Hands on a real broker: topics, records, committed offsets, and a broker of one's own that may be frozen."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import TopicPartition
from aiokafka.admin import NewTopic

from shared.messaging.connection import KafkaConnection
from tests.support.infrastructure import free_offset, minsheng

Headers = Sequence[tuple[str, bytes | None]]


@dataclass(frozen=True)
class Workbench:
    """One topic of one partition, and a group, that no other test uses."""

    connection: KafkaConnection
    topic: str
    group: str

    @property
    def servers(self) -> list[str]:
        return self.connection.bootstrap_servers.split(",")

    async def send(self, *values: bytes, headers: Headers = ()) -> None:
        producer = self.connection.producer()
        await producer.start()
        try:
            for value in values:
                await producer.send_and_wait(self.topic, value, headers=list(headers))
        finally:
            await producer.stop()

    async def committed(self, group: str | None = None) -> int | None:
        """The next offset that the group would read; None when it never committed."""
        admin = self.connection.admin()
        await admin.start()
        try:
            offsets = await admin.list_consumer_group_offsets(group or self.group)
        finally:
            await admin.close()
        found = offsets.get(TopicPartition(self.topic, 0))
        return None if found is None or found.offset < 0 else int(found.offset)

    async def values(self) -> list[bytes]:
        """All records of the topic."""
        consumer = self.connection.consumer(self.topic, auto_offset_reset="earliest")
        await consumer.start()
        try:
            place = TopicPartition(self.topic, 0)
            end = (await consumer.end_offsets([place]))[place]
            found: list[bytes] = []
            while len(found) < end:
                batches = await consumer.getmany(place, timeout_ms=1000)
                found += [bytes(record.value) for batch in batches.values() for record in batch]
            return found
        finally:
            await consumer.stop()


async def create_topic(connection: KafkaConnection, name: str) -> None:
    """A topic of one partition, ready to be written."""
    admin = connection.admin()
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name=name, num_partitions=1, replication_factor=1)])
    finally:
        await admin.close()


async def workbench(connection: KafkaConnection) -> Workbench:
    """A fresh topic and group."""
    name = f"bench-{uuid.uuid4().hex[:10]}"
    await create_topic(connection, name)
    return Workbench(connection, name, f"{name}-group")


async def until(condition: Callable[[], bool | Awaitable[bool]], *, seconds: float = 20) -> None:
    """Wait for a condition that must come true."""
    async with asyncio.timeout(seconds):
        while True:
            found = condition()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def started(broker: Any) -> AsyncIterator[None]:
    """A FastStream broker at work, stopped at the end."""
    await broker.start()
    try:
        yield
    finally:
        await broker.stop()


@dataclass(frozen=True)
class OwnBroker:
    """A broker that a test may freeze, since nobody else uses it."""

    connection: KafkaConnection
    pid: int

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """The broker's process is stopped, as a machine that hangs."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)


@contextlib.contextmanager
def own_broker(state: Any) -> Iterator[OwnBroker]:
    """Start a Kafka on ports of its own under `state`."""
    offset = free_offset()
    env = {"MINSHENG_STATE": str(state), "MINSHENG_PORT_OFFSET": str(offset), "KAFKA_BOOTSTRAP_SERVERS": ""}
    up = minsheng("up", "--detach", "--only", "kafka", env=env)
    if up.returncode != 0:
        raise RuntimeError(f"no broker of one's own:\n{up.stdout}\n{up.stderr}")
    try:
        status = json.loads(minsheng("status", "--json", env=env).stdout)
        pid = next(one["pid"] for one in status["services"] if one["name"] == "kafka")
        yield OwnBroker(KafkaConnection(bootstrap_servers=f"127.0.0.1:{19092 + offset}", client_id="frozen"), int(pid))
    finally:
        minsheng("down", env=env)
