"""The sweep: finds in the store what a crash or an outage left due, and claims it for this process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from shared.clock import Clock
from shared.contracts.pending import Pending
from shared.messaging.marking import Marking

BATCH = 200
SWEEP_EVERY_S = 1.0
LEASE = timedelta(seconds=30)


class DueStore(Protocol):
    """What the sweep needs of a store."""

    async def due(self, *, limit: int) -> list[Pending]: ...
    async def claim(self, batch: Sequence[Pending], *, until: datetime) -> list[Pending]: ...


class Sweep:
    """Looks at one store every second, sooner when asked or when more is waiting there."""

    def __init__(self, store: DueStore, marking: Marking, clock: Clock) -> None:
        self._store = store
        self._marking = marking
        self._clock = clock
        self._last = float("-inf")

    def hasten(self) -> None:
        """Something was left due: the next round sweeps."""
        self._last = float("-inf")

    def is_due(self) -> bool:
        """Whether it is time to look."""
        return self._clock.monotonic() - self._last >= SWEEP_EVERY_S

    async def claim(self) -> tuple[list[Pending], list[Pending]]:
        """What is due, and which of it we claimed."""
        sent = self._marking.lengths()  # before the look: a mark that lands meanwhile must not be forgotten by it
        due = await self._store.due(limit=BATCH)
        self._last = self._clock.monotonic()
        if len(due) == BATCH:
            self.hasten()  # more is waiting: go on at once
        claimed = await self._store.claim(due, until=self._clock.now() + LEASE) if due else []
        return due, [_unsent(pending, sent) for pending in claimed]


def _unsent(pending: Pending, sent: Mapping[str, int]) -> Pending:
    """Without what the broker has acknowledged already: such a document grew before it was marked."""
    new = pending.length - sent.get(pending.document_id, 0)
    return replace(pending, entries=pending.entries[max(0, len(pending.entries) - new) :])
