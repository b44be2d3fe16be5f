"""A router at work on real Kafka and a real database, with a group and databases of the test's own."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from ulid import ULID

from router.bootstrap import bootstrap
from router.settings import Settings
from shared.clock import Clock, SystemClock
from shared.contracts.cases import CaseIssueJoined
from shared.contracts.envelope import Event
from shared.contracts.model import EventData
from shared.contracts.topics import TOPIC_OF
from shared.messaging.decoding import from_record
from shared.messaging.encoding import to_record
from shared.messaging.publishing import Publisher
from shared.storage.mongo import Collection, Mongo
from shared.storage.outbox import entry
from tests.support.infrastructure import Infrastructure
from tests.support.pack import PACK


@dataclass
class RouterHouse:
    """Publishes what residents say, reads what the router tells."""

    infrastructure: Infrastructure
    prefix: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:8]}_")

    def settings(self, **changes: Any) -> Settings:
        return Settings(
            **{
                "kafka_bootstrap_servers": self.infrastructure.kafka,
                "mongodb_uri": self.infrastructure.mongo_uri,
                "mongodb_database_prefix": self.prefix,
                "minsheng_state": self.infrastructure.state,
                "district_pack": PACK,
                "desk_demo_accounts": "on",
                **changes,
            }
        )

    @asynccontextmanager
    async def running(self, *, clock: Clock | None = None) -> AsyncIterator[FastAPI]:
        app = bootstrap(self.settings(), clock=clock, group=f"router-{self.prefix}")
        async with app.router.lifespan_context(app):
            yield app

    def cases(self, mongo: Mongo | None = None) -> Collection:
        return (mongo or Mongo(self.infrastructure.mongo_uri, prefix=self.prefix)).database("router")["cases"]

    async def publish(self, *events: EventData | dict[str, Any]) -> list[dict[str, Any]]:
        """Publish events (or entries made before), in order; returns the entries."""
        made = [one if isinstance(one, dict) else entry(one, source="tests", at=SystemClock().now()) for one in events]
        publisher = Publisher(self.infrastructure.connection())
        await publisher.publish([to_record(TOPIC_OF[one["type"]], one) for one in made])
        await publisher.stop()
        return made

    async def told(
        self, suggestion_ids: Sequence[str], count: int, *, seconds: float = 30, joined: bool = False
    ) -> list[Event[Any]]:
        """The first `count` events of topic `cases` about these suggestions, by event id, in log order per key.

        `joined`: with those that tell of an issue, which come when time allows.
        """
        found: dict[str, Event[Any]] = {}
        keys = {one.encode() for one in suggestion_ids}
        consumer = self.infrastructure.connection().consumer("cases", auto_offset_reset="earliest")
        await consumer.start()
        try:
            async with asyncio.timeout(seconds):
                while len(found) < count:
                    record = await consumer.getone()
                    if record.key in keys:
                        event = from_record(record)
                        if joined or event.type != CaseIssueJoined.type_name:
                            found.setdefault(event.id, event)
        finally:
            await consumer.stop()
        return list(found.values())


async def until(condition: Callable[[], Awaitable[bool]], *, seconds: float = 30) -> None:
    """Wait for something that will happen."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.05)


def handling(document: dict[str, Any]) -> tuple[str, ...]:
    """Types of a case's events but for those that tell of its issue, which come when time allows."""
    return tuple(one["type"] for one in document["outbox"] if one["type"] != CaseIssueJoined.type_name)


def new_id() -> str:
    return str(ULID())
