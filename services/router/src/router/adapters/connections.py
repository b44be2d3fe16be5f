"""Database and broker of this process: made together, started with patience, stopped within bounds."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import Coroutine, Mapping
from datetime import timedelta
from typing import Any

import structlog
from prometheus_client import CollectorRegistry

from router.adapters.case_numbers import MongoNumbers
from router.adapters.case_store import MongoCases
from router.adapters.copy_log import MongoCopies
from router.adapters.issue_store import MongoIssues
from router.adapters.lease import MongoLease
from router.adapters.notice_log import MongoNotices
from shared.clock import Clock
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
from shared.operations.dead_letters import LetterOffice
from shared.runtime.health import Health
from shared.runtime.startup import Startup
from shared.storage.letters import letter_ledger
from shared.storage.marks import MarkStore
from shared.storage.mongo import Mongo
from shared.storage.outbox_store import OutboxStore

_log = structlog.get_logger(__name__)
DATABASE = "router"
STOP_S = 10.0
LATELY_S = 0.5
CLOCK_LEASE = FOLLOW_LEASE = timedelta(seconds=60)


class Connections:
    """Everything of this service that talks to Mongo or Kafka."""

    def __init__(
        self,
        *,
        mongo: Mongo,
        connection: KafkaConnection,
        operator: KafkaConnection | None,
        group: str,
        clock: Clock,
        registry: CollectorRegistry,
        health: Health,
    ) -> None:
        self._clock = clock
        self._connection = connection
        self._mongo = mongo
        database = self._mongo.database(DATABASE)
        self._metrics = DeliveryMetrics(registry)
        self._publisher = Publisher(connection)
        self._outbox = OutboxStore(database["cases"], clock)
        self._relay = Relay(self._outbox, self._publisher, clock, self._metrics)
        marks = MarkStore(database)
        self._consuming = Consuming(
            build_broker(connection), group=group, clock=clock, metrics=self._metrics, marks=marks
        )
        self._dead_letters = DeadLetters(self._publisher, clock)
        self.cases = MongoCases(database["cases"], clock, nudge=self._relay.nudge, wake=self._relay.wake)
        self.numbers = MongoNumbers(database["counters"])
        self.notices = MongoNotices(database["notices"])
        self.copies = MongoCopies(database["copies"])
        holder = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self.issues = MongoIssues(database["issues"])
        self.lease = MongoLease(database["leases"], "clock", holder, clock, lasts=CLOCK_LEASE)
        self.follow_lease = MongoLease(database["leases"], "issues", holder, clock, lasts=FOLLOW_LEASE)
        self.letters = LetterOffice(operator, letter_ledger(mongo, clock)) if operator else None
        self._deliveries: list[Delivery] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._startup = Startup(clock)
        health.add("start", self._started)
        health.add("database", self._mongo.check)
        health.add("broker", self._publisher.check)
        health.add("relay", self._relay.check)
        health.add("consuming", self._consuming.check)

    def consume(self, topic: str, handlers: Mapping[str, Handler]) -> None:
        """Consume one topic; call before `start`."""
        delivery = Delivery(handlers, self._dead_letters, self._clock, self._metrics)
        self._deliveries.append(delivery)
        self._consuming.add((topic,), delivery)

    def busy(self) -> bool:
        """Whether records are being handled, or were a moment ago: between two batches is no time to spare."""
        since = self._clock.monotonic() - LATELY_S
        return any(delivery.busy or delivery.last_progress > since for delivery in self._deliveries)

    def start(self, **loops: Coroutine[Any, Any, None]) -> None:
        """Run relay, consumers and `loops` in the background, once database and topics are there."""
        self._tasks.append(asyncio.create_task(self._run(loops), name="start"))

    async def _run(self, loops: Mapping[str, Coroutine[Any, Any, None]]) -> None:
        await self._startup.until_done("database", self._indexes)
        await self._startup.until_done("topics", lambda: verify(self._connection))
        self._startup.finish()
        for name, loop in {"relay": self._relay.run(), "consuming": self._consuming.run(), **loops}.items():
            self._tasks.append(asyncio.create_task(loop, name=name))

    async def _indexes(self) -> None:
        await self._outbox.ensure_indexes()
        await self.cases.ensure_indexes()
        await self.notices.ensure_indexes()
        await self.issues.ensure_indexes()

    async def _started(self) -> str | None:
        return self._startup.check(self._tasks[1:])  # the first is done once it has started the others

    async def stop(self) -> None:
        """Consumers first, then what they fed; never longer than the supervisor waits."""
        await self._consuming.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks, timeout=STOP_S)
        await self._publisher.stop()
        if self.letters is not None:
            await self.letters.close()
        self._mongo.close()
