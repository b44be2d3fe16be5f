"""The relay: carries outbox entries from documents to the broker. A crash gives a duplicate, never a loss.

Freshly written documents are leased to their writer, so the usual way needs no claim: nudge, send, mark.
A sweep finds what a crash or an outage left behind. One batch at a time, entries in order, so that the
events of one suggestion keep their order.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

import structlog

from shared import crash_points
from shared.clock import Clock
from shared.contracts.pending import Pending
from shared.contracts.topics import TOPIC_OF
from shared.errors import MinshengError, PermanentError
from shared.messaging.backlog import Backlog
from shared.messaging.encoding import Outgoing, to_record
from shared.messaging.marking import Marking
from shared.messaging.metrics import DeliveryMetrics
from shared.messaging.publishing import Publisher
from shared.messaging.sweeping import BATCH, LEASE, SWEEP_EVERY_S, DueStore, Sweep

_log = structlog.get_logger(__name__)
LEASE_MARGIN = timedelta(seconds=12)
"""A nudge whose lease ends within this (longer than one publish may take) is left to the sweep."""
MAX_PAUSE_S = 10.0


class OutboxPort(DueStore, Protocol):
    """What the relay needs of a store (fulfilled by `shared.storage.outbox_store.OutboxStore`)."""

    async def mark_published(self, batch: Sequence[Pending]) -> None: ...


class Relay:
    """Publishes the outbox of one store."""

    def __init__(
        self,
        store: OutboxPort,
        publisher: Publisher,
        clock: Clock,
        metrics: DeliveryMetrics,
        *,
        name: str = "relay",
    ) -> None:
        self._publisher = publisher
        self._clock = clock
        self._metrics = metrics
        self._name = name
        self._backlog = Backlog(clock)
        self._wake = asyncio.Event()
        self._last_round = clock.monotonic()
        self._failures = 0
        self._marking = Marking(store.mark_published, clock, name=name)
        self._sweep = Sweep(store, self._marking, clock)
        metrics.outbox_oldest_seconds.labels(relay=name).set_function(self._backlog.oldest_age_s)
        metrics.relay_idle_seconds.labels(relay=name).set_function(self.idle_s)

    def nudge(self, pending: Pending) -> None:
        """Publish this soon: it was just written, leased to us. Losing the nudge loses nothing."""
        self._backlog.nudge(pending)
        self._wake.set()

    def wake(self) -> None:
        """Look at the store soon: something was left due there."""
        self._sweep.hasten()
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled. Every fault is retried with a growing, jittered pause."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._marking.run())
                tasks.create_task(self._rounds())
        finally:
            self._backlog.clear()
            await self._marking.flush()

    async def _rounds(self) -> None:
        while True:
            try:
                if await self._round():
                    self._failures = 0
            except MinshengError as error:
                self._failures += 1
                self._metrics.publish_failures.inc()
                _log.warning("relay_failed", relay=self._name, code=error.code, failures=self._failures)
                await self._clock.sleep(min(MAX_PAUSE_S, 0.2 * 2**self._failures) * random.uniform(0.5, 1.0))

    async def _round(self) -> bool:
        """True when something was published or nothing waits: the way is free."""
        self._last_round = self._clock.monotonic()
        sweep = self._sweep.is_due()
        if not self._backlog.is_nudged() and not sweep:
            self._wake.clear()
            try:
                async with asyncio.timeout(SWEEP_EVERY_S):
                    await self._wake.wait()
            except TimeoutError:
                sweep = True
        batch = self._backlog.take(BATCH, safe_until=self._clock.now() + LEASE_MARGIN)
        nothing_waits = False
        try:
            if sweep or self._sweep.is_due():  # also under load: what a crash left must not wait for a quiet hour
                self._backlog.forget(self._clock.now() - LEASE)
                due, claimed = await self._sweep.claim()
                batch, nothing_waits = batch + claimed, not due
            self._backlog.in_hand = batch
            if batch:
                await self._publish(batch)
        except MinshengError:  # still leased to us: again as soon as the broker is back, not when the lease ends
            self._backlog.give_back([one for one in batch if not self._marking.holds(one)])
            raise
        finally:
            self._backlog.in_hand = []
        return bool(batch) or nothing_waits

    async def _publish(self, batch: list[Pending]) -> None:
        crash_points.reach("before_publish")
        try:
            await self._publisher.publish([record for pending in batch for record in self._records(pending)])
        except PermanentError:
            if len(batch) == 1:  # its lease holds it back, then it is tried again; its age shows in the metrics
                self._backlog.set_aside(batch[0])
                _log.error("event_refused_by_broker", types=[entry["type"] for entry in batch[0].entries])
                return
            for pending in batch:  # find the one that the broker refuses; the others must not wait for it
                await self._publish([pending])
            return
        crash_points.reach("after_publish")
        self._marking.add(batch)
        for pending in batch:
            self._backlog.published(pending)
            for entry in pending.entries:
                self._metrics.published.labels(topic=TOPIC_OF[entry["type"]]).inc()

    def _records(self, pending: Pending) -> list[Outgoing]:
        return [to_record(TOPIC_OF[entry["type"]], entry) for entry in pending.entries]

    def idle_s(self) -> float:
        """Seconds since the relay last went round."""
        return self._clock.monotonic() - self._last_round

    async def check(self) -> str | None:
        """Readiness: the relay goes round and the broker takes what it sends.

        One event that is refused for good shows in the metrics only: it must not stop the intake.
        """
        if (idle := self.idle_s()) > 30:
            return f"the relay has not gone round for {idle:.0f} s"
        return f"{self._failures} publishes failed in a row" if self._failures >= 3 else None
