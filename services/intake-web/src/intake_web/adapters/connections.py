"""Database, broker and blobs of this process: made without connecting, started with patience, stopped within bounds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry

from intake_web.adapters.act_store import MongoActs
from intake_web.adapters.hotline_store import MongoHotlines
from intake_web.adapters.suggestion_store import MongoSuggestions
from intake_web.adapters.tracking_store import MongoTracking
from shared.clock import Clock
from shared.contracts.model import Contract
from shared.contracts.topics import EVENT_TYPES
from shared.messaging.attempts import Handler
from shared.messaging.broker import build_broker
from shared.messaging.connection import KafkaConnection
from shared.messaging.consuming import Consuming
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.delivery import CONCURRENT_KEYS, Delivery
from shared.messaging.metrics import DeliveryMetrics
from shared.messaging.provisioning import verify
from shared.messaging.publishing import Publisher
from shared.messaging.relay import Relay
from shared.runtime.health import Health
from shared.runtime.settings import ProcessSettings
from shared.runtime.startup import Startup
from shared.storage.blobs import Blobs
from shared.storage.marks import MarkStore
from shared.storage.mongo import RESIDENT_TIMEOUT_MS, Mongo
from shared.storage.outbox_store import OutboxStore
from shared.storage.vault import Vault

DATABASE = "intake_web"


class Connections:
    """The real outside: Mongo, Kafka, blobs, and the tasks that work with them."""

    def __init__(
        self,
        settings: ProcessSettings,
        clock: Clock,
        registry: CollectorRegistry,
        health: Health,
        *,
        vault_key: str,
        client_id: str,
        group: str,
    ) -> None:
        self._clock = clock
        self._metrics = DeliveryMetrics(registry)
        uri, prefix = settings.mongodb_uri.get_secret_value(), settings.mongodb_database_prefix
        self._mongo = Mongo(uri, prefix=prefix, timeout_ms=RESIDENT_TIMEOUT_MS)
        self._background = Mongo(uri, prefix=prefix)
        database, patient = self._mongo.database(DATABASE), self._background.database(DATABASE)
        self._connection = KafkaConnection(
            bootstrap_servers=settings.kafka_bootstrap_servers,
            client_id=client_id,
            username=settings.kafka_username,
            password=settings.kafka_password.get_secret_value() if settings.kafka_password else None,
        )
        self._publisher = Publisher(self._connection)
        self._dead_letters = DeadLetters(self._publisher, clock)
        self._relays = [
            Relay(OutboxStore(patient[name], clock), self._publisher, clock, self._metrics, name=name)
            for name in ("suggestions", "acts")
        ]
        self.suggestions = MongoSuggestions(database["suggestions"], clock, self._relays[0].nudge)
        self.acts = MongoActs(database["acts"], clock, self._relays[1].nudge)
        self.tracking = MongoTracking(database["facts"])
        self.projected = MongoTracking(patient["facts"])
        """The same view, written without a resident waiting."""
        self.hotlines = MongoHotlines(database["hotline_tokens"])
        self.contacts = Vault(self._mongo.database("vault")["contacts"], clock, key=vault_key)
        self.recordings = Blobs(settings.blobs)
        self._consuming = Consuming(
            build_broker(self._connection),
            group=group,
            clock=clock,
            metrics=self._metrics,
            marks=MarkStore(patient),
        )
        self._startup = Startup(clock)
        self._tasks: list[asyncio.Task[None]] = []
        health.add("database", self._mongo.check)
        health.add("broker", self._publisher.check)
        for name, relay in zip(("relay", "relay of acts"), self._relays, strict=True):
            health.add(name, relay.check)
        health.add("consuming", self._consuming.check)
        health.add("tasks", self._check)

    def consume(
        self,
        topics: tuple[str, ...],
        handlers: Mapping[str, Handler],
        *,
        accept: Mapping[str, type[Contract]] = EVENT_TYPES,
        concurrent_keys: int = CONCURRENT_KEYS,
        gather: bool = False,
    ) -> None:
        """Attach use cases to these topics; call before `running`."""
        delivery = Delivery(
            handlers,
            self._dead_letters,
            self._clock,
            self._metrics,
            accept=accept,
            concurrent_keys=concurrent_keys,
        )
        self._consuming.add(topics, delivery, gather=gather)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Background work while the app serves; the stop is bounded."""
        self._tasks = [asyncio.create_task(self._prepare(), name="prepare")]
        self._tasks += [asyncio.create_task(relay.run(), name="relay") for relay in self._relays]
        try:
            yield
        finally:
            await self._consuming.stop()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._publisher.stop()
            self._mongo.close()
            self._background.close()

    async def _prepare(self) -> None:
        """Database first (accepting needs its indexes), then topics, then consume; each retried until it is there."""
        await self._startup.until_done("database", self._indexes)
        await self._startup.until_done("topics", lambda: verify(self._connection))
        self._startup.finish()
        await self._consuming.run()

    async def _indexes(self) -> None:
        await self.suggestions.prepare()
        await self.tracking.prepare()
        await self.acts.prepare()
        await self.hotlines.prepare()

    async def _check(self) -> str | None:
        return self._startup.check(self._tasks)
