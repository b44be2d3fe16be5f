"""The relay: carries outbox entries from documents to the broker. A crash gives a duplicate, never a loss.

Freshly written documents are leased to their writer, so the usual way needs no claim: nudge, send, mark.
A sweep finds what a crash or an outage left behind. One batch at a time, entries in order, so that the
events of one suggestion keep their order.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Protocol

import structlog

from shared import crash_points
from shared.clock import Clock
from shared.contracts.pending import Pending
from shared.contracts.topics import TOPIC_OF
from shared.errors import MinshengError, PermanentError
from shared.messaging.encoding import Outgoing, to_record
from shared.messaging.marking import Marking
from shared.messaging.metrics import DeliveryMetrics
from shared.messaging.publishing import Publisher

_log = structlog.get_logger(__name__)
BATCH = 200
SWEEP_EVERY_S = 1.0
LEASE = timedelta(seconds=30)
LEASE_MARGIN = timedelta(seconds=12)
"""A nudge whose lease ends within this (longer than one publish may take) is left to the sweep."""
MAX_NUDGES = 5_000
MAX_PAUSE_S = 10.0


class OutboxPort(Protocol):
    """What the relay needs of a store (fulfilled by `shared.storage.outbox.OutboxStore`)."""

    async def due(self, *, limit: int) -> list[Pending]: ...
    async def claim(self, batch: Sequence[Pending], *, until: datetime) -> list[Pending]: ...
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
        self._store = store
        self._publisher = publisher
        self._clock = clock
        self._metrics = metrics
        self._name = name
        self._nudged: deque[Pending] = deque(maxlen=MAX_NUDGES)
        self._wake = asyncio.Event()
        self._last_round = clock.monotonic()
        self._failures = 0
        self._last_sweep = float("-inf")
        self._marking = Marking(store.mark_published, clock, name=name)
        self._in_hand: list[Pending] = []
        self._set_aside: dict[str, Pending] = {}
        metrics.outbox_oldest_seconds.labels(relay=name).set_function(self.oldest_age_s)
        metrics.relay_idle_seconds.labels(relay=name).set_function(self.idle_s)

    def nudge(self, pending: Pending) -> None:
        """Publish this soon: it was just written, leased to us. Losing the nudge loses nothing."""
        self._nudged.append(pending)
        self._wake.set()

    def wake(self) -> None:
        """Look at the store soon: something was left due there."""
        self._last_sweep = float("-inf")  # the next round sweeps
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled. Every fault is retried with a growing, jittered pause."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._marking.run())
                tasks.create_task(self._rounds())
        finally:
            self._nudged.clear()
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
        sweep = self._clock.monotonic() - self._last_sweep >= SWEEP_EVERY_S
        if not self._nudged and not sweep:
            self._wake.clear()
            try:
                async with asyncio.timeout(SWEEP_EVERY_S):
                    await self._wake.wait()
            except TimeoutError:
                sweep = True
        batch, nothing_waits = self._take_nudged(), False
        try:
            if sweep or self._clock.monotonic() - self._last_sweep >= SWEEP_EVERY_S:
                due, claimed = await self._sweep()  # also under load: what a crash left must not wait for a quiet hour
                batch, nothing_waits = batch + claimed, not due
            self._in_hand = batch
            if batch:
                await self._publish(batch)
        except MinshengError:  # still leased to us: again as soon as the broker is back, not when the lease ends
            self._nudged.extendleft(one for one in reversed(batch) if not self._marking.holds(one))
            raise
        finally:
            self._in_hand = []
        return bool(batch) or nothing_waits

    def _take_nudged(self) -> list[Pending]:
        safe_until = self._clock.now() + LEASE_MARGIN
        batch: list[Pending] = []
        seen: set[str] = set()
        while self._nudged and len(batch) < BATCH:
            if self._nudged[0].document_id in seen:
                break  # the same document again: next round, so that each batch has one state of it
            pending = self._nudged.popleft()
            if pending.leased_until > safe_until:
                seen.add(pending.document_id)
                batch.append(pending)
            else:
                self._set_aside[pending.document_id] = pending
        return batch

    async def _sweep(self) -> tuple[list[Pending], list[Pending]]:
        """What is due, and which of it we claimed."""
        # whose lease has long ended is another's by now
        ended = self._clock.now() - LEASE
        self._set_aside = {name: one for name, one in self._set_aside.items() if one.leased_until > ended}
        sent = self._marking.lengths()  # before the look: a mark that lands meanwhile must not be forgotten by it
        due = await self._store.due(limit=BATCH)
        self._last_sweep = self._clock.monotonic()
        if len(due) == BATCH:
            self._last_sweep = float("-inf")  # more is waiting: go on at once
        claimed = await self._store.claim(due, until=self._clock.now() + LEASE) if due else []
        return due, [_unsent(pending, sent) for pending in claimed]

    async def _publish(self, batch: list[Pending]) -> None:
        crash_points.reach("before_publish")
        try:
            await self._publisher.publish([record for pending in batch for record in self._records(pending)])
        except PermanentError:
            if len(batch) == 1:  # its lease holds it back, then it is tried again; its age shows in the metrics
                self._set_aside[batch[0].document_id] = batch[0]
                _log.error("event_refused_by_broker", types=[entry["type"] for entry in batch[0].entries])
                return
            for pending in batch:  # find the one that the broker refuses; the others must not wait for it
                await self._publish([pending])
            return
        crash_points.reach("after_publish")
        self._marking.add(batch)
        for pending in batch:
            self._set_aside.pop(pending.document_id, None)
            for entry in pending.entries:
                self._metrics.published.labels(topic=TOPIC_OF[entry["type"]]).inc()

    def _records(self, pending: Pending) -> list[Outgoing]:
        return [to_record(TOPIC_OF[entry["type"]], entry) for entry in pending.entries]

    def idle_s(self) -> float:
        """Seconds since the relay last went round."""
        return self._clock.monotonic() - self._last_round

    def oldest_age_s(self) -> float:
        """Seconds since the oldest event that waits here was written: nudged, in hand, or left to a sweep."""
        now = self._clock.now()
        waiting = [*islice(self._nudged, 1), *self._in_hand, *self._set_aside.values()]
        times = [datetime.fromisoformat(one.entries[0]["time"]) for one in waiting if one.entries]
        return max(0.0, (now - min(times)).total_seconds()) if times else 0.0

    async def check(self) -> str | None:
        """Readiness: the relay goes round and the broker takes what it sends.

        One event that is refused for good shows in the metrics only: it must not stop the intake.
        """
        if (idle := self.idle_s()) > 30:
            return f"the relay has not gone round for {idle:.0f} s"
        return f"{self._failures} publishes failed in a row" if self._failures >= 3 else None


def _unsent(pending: Pending, sent: Mapping[str, int]) -> Pending:
    """Without what the broker has acknowledged already: such a document grew before it was marked."""
    new = pending.length - sent.get(pending.document_id, 0)
    return replace(pending, entries=pending.entries[max(0, len(pending.entries) - new) :])
