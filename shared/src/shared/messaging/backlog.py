"""What waits in this process to be published: nudged by its writer, in hand, or set aside for a sweep of the store.

Losing any of it loses nothing: the store keeps it, under a lease that ends.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import datetime
from itertools import islice

from shared.clock import Clock
from shared.contracts.pending import Pending

MAX_NUDGES = 5_000


class Backlog:
    """Documents with events that are not at the broker yet, in the order in which they were written."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._nudged: deque[Pending] = deque(maxlen=MAX_NUDGES)
        self._set_aside: dict[str, Pending] = {}
        self.in_hand: list[Pending] = []
        """What is being published now."""

    def nudge(self, pending: Pending) -> None:
        """It was just written, leased to us."""
        self._nudged.append(pending)

    def is_nudged(self) -> bool:
        """Whether there is something to take."""
        return bool(self._nudged)

    def take(self, limit: int, *, safe_until: datetime) -> list[Pending]:
        """The next nudged documents, each once; one whose lease ends by `safe_until` is set aside instead."""
        batch: list[Pending] = []
        seen: set[str] = set()
        while self._nudged and len(batch) < limit:
            if self._nudged[0].document_id in seen:
                break  # the same document again: next round, so that each batch has one state of it
            pending = self._nudged.popleft()
            if pending.leased_until > safe_until:
                seen.add(pending.document_id)
                batch.append(pending)
            else:
                self.set_aside(pending)
        return batch

    def give_back(self, batch: Sequence[Pending]) -> None:
        """Taken and not published: before all others, in their order."""
        self._nudged.extendleft(reversed(batch))

    def set_aside(self, pending: Pending) -> None:
        """Left to a sweep of the store, here or elsewhere; until then it counts as waiting."""
        self._set_aside[pending.document_id] = pending

    def published(self, pending: Pending) -> None:
        """It waits no longer."""
        self._set_aside.pop(pending.document_id, None)

    def forget(self, ended: datetime) -> None:
        """What was set aside and whose lease had long ended, at `ended`, is another's by now."""
        self._set_aside = {name: one for name, one in self._set_aside.items() if one.leased_until > ended}

    def clear(self) -> None:
        """We stop: what was nudged is found by a sweep."""
        self._nudged.clear()

    def oldest_age_s(self) -> float:
        """Seconds since the oldest event that waits here was written: nudged, in hand, or left to a sweep."""
        now = self._clock.now()
        waiting = [*islice(self._nudged, 1), *self.in_hand, *self._set_aside.values()]
        times = [datetime.fromisoformat(one.entries[0]["time"]) for one in waiting if one.entries]
        return max(0.0, (now - min(times)).total_seconds()) if times else 0.0
