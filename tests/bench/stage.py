"""Where the text path is measured: a broker and a database of its own, and services that are started one at a time."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from pymongo import MongoClient

from tests.support.infrastructure import free_offset, minsheng

KEY = base64.b64encode(b"bench-key-32-bytes-bench-key-32-").decode()
ROOT = Path(__file__).resolve().parents[2]
GROUP = "router"
_LONG_AGO = datetime(2020, 1, 1)


def say(text: str) -> None:
    """Progress on stderr."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


class Stage:
    """Infrastructure of its own; `process` runs one service for as long as a block takes."""

    def __init__(self, state: Path) -> None:
        self._offset = free_offset()
        self._state = state
        self.kafka = f"127.0.0.1:{19092 + self._offset}"
        self.mongo_uri = f"mongodb://127.0.0.1:{27117 + self._offset}/?retryWrites=false"
        self.web = f"http://127.0.0.1:{8080 + self._offset}"
        self.bare = f"http://127.0.0.1:{8099 + self._offset}"
        self._control = {"MINSHENG_STATE": str(state), "MINSHENG_PORT_OFFSET": str(self._offset)}
        self._env = {
            **os.environ,
            **self._control,
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka,
            "MONGODB_URI": self.mongo_uri,
            "DISTRICT_PACK": str(ROOT / "deploy/district"),
            "VAULT_KEY": KEY,
            "RECEIPT_KEY": KEY,
            "DESK_SESSION_KEY": KEY,
            "RATE_LIMITS": "off",
            "LOG_LEVEL": "WARNING",
            "BARE_PORT": str(8099 + self._offset),
        }

    def __enter__(self) -> Stage:
        say("starting Kafka and the database")
        started = minsheng("up", "--detach", "--only", "kafka,mongo", env=self._control)
        if started.returncode:
            raise SystemExit(started.stdout + started.stderr)
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        minsheng("down", env=self._control)

    @contextlib.contextmanager
    def process(self, *command: str, ready: str | None, env: dict[str, str] | None = None) -> Iterator[None]:
        """One process, ready before the block and stopped after it."""
        with (self._state / "bench.log").open("ab") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", *command], env={**self._env, **(env or {})}, cwd=ROOT, stdout=log, stderr=log
            )
        try:
            if ready:
                wait_for(ready)
            yield
        finally:
            child.terminate()
            child.wait(30)

    @contextlib.contextmanager
    def intake(self) -> Iterator[None]:
        """intake-web alone."""
        with self.process("intake_web", ready=self.web + "/health/ready"):
            yield

    @contextlib.contextmanager
    def routers(self, number: int = 1) -> Iterator[None]:
        """Routers, not yet waited for."""
        with contextlib.ExitStack() as stack:
            for one in range(number):
                port = str(18300 + self._offset % 100 + 100 * one)
                stack.enter_context(self.process("router", ready=None, env={"ROUTER_PORT": port}))
            yield

    async def drained(self, database: str, collection: str, *, but: int = 0, seconds: float = 300) -> None:
        """Until every event of a collection is published and marked so, but for the last few."""
        ends = time.monotonic() + seconds
        with MongoClient[dict[str, Any]](self.mongo_uri) as client:
            while client[database][collection].count_documents({"outbox_next_at": {"$gt": _LONG_AGO}}) > but:
                if time.monotonic() > ends:
                    raise SystemExit(f"{database}.{collection} did not come to rest")
                await asyncio.sleep(0.5)

    @contextlib.asynccontextmanager
    async def admin(self) -> AsyncIterator[AIOKafkaAdminClient]:
        """Kafka's admin client."""
        client = AIOKafkaAdminClient(bootstrap_servers=self.kafka)
        await client.start()
        try:
            yield client
        finally:
            await client.close()

    async def make_topic(self, name: str) -> None:
        """Twelve partitions, one copy."""
        async with self.admin() as client:
            await client.create_topics([NewTopic(name, 12, 1)])
        await asyncio.sleep(2)  # until every partition has its leader


async def routed(client: AIOKafkaAdminClient) -> int:
    """Suggestions that the routers have committed: each has its case."""
    places: dict[TopicPartition, Any] = await client.list_consumer_group_offsets(GROUP)
    return sum(max(0, place.offset) for key, place in places.items() if key.topic == "suggestions")


def wait_for(url: str, seconds: float = 90) -> None:
    """Until the address answers 200 (or 405: it is there)."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        try:
            urllib.request.urlopen(url, timeout=2)
            return
        except urllib.error.HTTPError as error:
            if error.code in (404, 405):
                return
        except OSError:
            pass
        time.sleep(0.2)
    raise SystemExit(f"{url} did not get ready")
