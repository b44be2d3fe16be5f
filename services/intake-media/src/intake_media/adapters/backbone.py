"""What API and workers share: database, broker, relay, and background work that is started, watched and stopped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog
from prometheus_client import CollectorRegistry

from intake_media.adapters.job_queue import LEASE, MongoJobs
from intake_media.adapters.recording_store import MongoRecordings
from shared.clock import Clock
from shared.errors import MinshengError
from shared.messaging.attempts import Handler
from shared.messaging.broker import build_broker
from shared.messaging.connection import KafkaConnection
from shared.messaging.consuming import Consuming
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.delivery import Delivery
from shared.messaging.metrics import DeliveryMetrics
from shared.messaging.provisioning import verify
from shared.messaging.publishing import Publisher
from shared.messaging.relay import Relay
from shared.runtime.health import Health
from shared.runtime.settings import ProcessSettings
from shared.runtime.startup import Startup
from shared.storage.marks import MarkStore
from shared.storage.mongo import TIMEOUT_MS, Mongo
from shared.storage.outbox_store import OutboxStore

_log = structlog.get_logger(__name__)
DATABASE = "intake_media"
GROUP = "intake-media"
RETRY_S = 1.0


class Backbone:
    """Made without connecting; `running()` starts the work and ends it within bounds."""

    def __init__(
        self,
        settings: ProcessSettings,
        clock: Clock,
        registry: CollectorRegistry,
        health: Health,
        *,
        client_id: str,
        lease: timedelta = LEASE,
        timeout_ms: int = TIMEOUT_MS,
    ) -> None:
        self._clock = clock
        self._metrics = DeliveryMetrics(registry)
        self._health = health
        uri, prefix = settings.mongodb_uri.get_secret_value(), settings.mongodb_database_prefix
        self.mongo = Mongo(uri, prefix=prefix, timeout_ms=timeout_ms)
        self._background = Mongo(uri, prefix=prefix)
        self._database = self.mongo.database(DATABASE)
        self._connection = KafkaConnection(
            bootstrap_servers=settings.kafka_bootstrap_servers,
            client_id=client_id,
            username=settings.kafka_username,
            password=settings.kafka_password.get_secret_value() if settings.kafka_password else None,
        )
        self._publisher = Publisher(self._connection)
        collection = self._database["recordings"]
        self._outbox = OutboxStore(self._background.database(DATABASE)["recordings"], clock)
        self._relay = Relay(self._outbox, self._publisher, clock, self._metrics)
        self.recordings = MongoRecordings(collection, clock, nudge=self._relay.nudge)
        self.jobs = MongoJobs(collection, clock, wake=self._relay.wake, lease=lease)
        self._consuming: Consuming | None = None
        self._work: dict[str, Callable[[], Awaitable[None]]] = {"relay": self._relay.run}
        self._at_stop: list[Callable[[], Awaitable[None]]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._startup = Startup(clock)
        health.add("database", self.mongo.check)
        health.add("broker", self._publisher.check)
        health.add("relay", self._relay.check)
        health.add("tasks", self._check)

    def consume(self, topics: tuple[str, ...], handlers: Mapping[str, Handler]) -> None:
        """Consume `topics` as the group of this service."""
        delivery = Delivery(handlers, DeadLetters(self._publisher, self._clock), self._clock, self._metrics)
        self._consuming = Consuming(
            build_broker(self._connection),
            group=GROUP,
            clock=self._clock,
            metrics=self._metrics,
            marks=MarkStore(self._database),
        )
        self._consuming.add(topics, delivery)
        self._health.add("consuming", self._consuming.check)

    def background(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run `work` once the database is there; it should never end by itself."""
        self._work[name] = work

    def at_stop(self, close: Callable[[], Awaitable[None]]) -> None:
        """Called when all work has ended."""
        self._at_stop.append(close)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work in the background while the process serves."""
        self._tasks = [asyncio.create_task(self._prepare(), name="prepare")]
        try:
            yield
        finally:
            if self._consuming is not None:
                await self._consuming.stop()
            # First what writes, last the relay: a job given back or finished at the stop may still leave.
            for task in reversed(self._tasks):
                task.cancel()
                await asyncio.wait([task], timeout=10)
            for close in self._at_stop:
                await close()
            await self._publisher.stop()
            self.mongo.close()
            self._background.close()

    async def _prepare(self) -> None:
        """Database first (accepting needs its indexes), then topics; each retried until it is there."""
        await self._startup.until_done("database", self._indexes)
        # Neither accepting nor transcribing needs the broker: the outbox waits for it.
        self._tasks += [asyncio.create_task(self._forever(name), name=name) for name in self._work]
        await self._startup.until_done("topics", lambda: verify(self._connection))
        self._startup.finish()
        if self._consuming is not None:
            await self._consuming.run()
        await asyncio.Event().wait()

    async def _forever(self, name: str) -> None:
        """A fault of the database ends a round, not the work; a bug ends it and shows in readiness."""
        while True:
            try:
                await self._work[name]()
                return
            except MinshengError as error:
                _log.warning("background_work_failed", work=name, code=error.code)
                await self._clock.sleep(RETRY_S)
            except Exception as error:
                _log.error("background_work_ended", work=name, exc_info=error)
                raise

    async def _indexes(self) -> None:
        await self.jobs.ensure_indexes()
        await self.recordings.ensure_indexes()
        await self._outbox.ensure_indexes()

    async def _check(self) -> str | None:
        return self._startup.check(self._tasks)
