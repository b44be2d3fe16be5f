"""Notes in the store what the broker has acknowledged: beside the publishing, in pieces, and never in its way.

A crash before a mark only repeats events, so marks wait for a calm moment. Where none comes they go by small pieces
with rests between them, shorter rests the longer the oldest has waited: a rate of their own that equals what arrives.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice

import structlog

from shared.clock import Clock
from shared.contracts.pending import Pending
from shared.errors import MinshengError

_log = structlog.get_logger(__name__)
AT_ONCE, AT_ONCE_UNDER_LOAD = 20, 5
"""Documents of one write: one of many costs less for each, one of few keeps no other write waiting."""
CALM_S = 0.3
"""So long after the last acknowledgement a burst counts as over."""
YOUNG_S = 3.0
"""Until then a mark waits for the calm: a short burst is served first."""
MAX_UNMARKED_S = 8.0
"""Far below the lease: what is acknowledged but not marked must not fall due for another process, also when
marking takes twice as long as the writing did."""
MAX_UNMARKED = 5_000
REST = 8.0
"""Rests of the first paced pieces, as a multiple of what a piece took."""
LEAST_WAIT_S = 0.01
FLUSH_S = 4.0
RETRY_S = 1.0


class Marking:
    """What is acknowledged and not yet marked, oldest first; `mark` is the store's write."""

    def __init__(self, mark: Callable[[Sequence[Pending]], Awaitable[None]], clock: Clock, *, name: str) -> None:
        self._mark = mark
        self._clock = clock
        self._name = name
        self._waiting: deque[tuple[float, Pending]] = deque()
        self._last = float("-inf")
        self._came = asyncio.Event()

    def add(self, batch: Sequence[Pending]) -> None:
        """The broker has these."""
        self._last = self._clock.monotonic()
        self._waiting.extend((self._last, pending) for pending in batch)
        self._came.set()

    def lengths(self) -> dict[str, int]:
        """How many entries of each waiting document the broker has."""
        return {pending.document_id: pending.length for _, pending in self._waiting}

    def holds(self, pending: Pending) -> bool:
        """Whether this very state of a document waits here."""
        return any(one is pending for _, one in self._waiting)

    async def run(self) -> None:
        """Until cancelled; a fault of the database delays the marks and nothing else."""
        while True:
            if not self._waiting:
                self._came.clear()
                await self._came.wait()
            if (wait := self._too_early_by()) > 0:
                await self._clock.sleep(max(wait, LEAST_WAIT_S))
                continue
            began, hurries = self._clock.monotonic(), self._hurries()
            try:
                await self._piece(AT_ONCE if hurries else AT_ONCE_UNDER_LOAD)
            except MinshengError as error:
                _log.warning("marking_delayed", relay=self._name, code=error.code)
                await self._clock.sleep(RETRY_S)
                continue
            await self._clock.sleep((self._clock.monotonic() - began) * self._rest())

    async def flush(self) -> None:
        """At a stop: all that is left, within bounds, so that the next start repeats nothing."""
        with contextlib.suppress(MinshengError, TimeoutError):
            async with asyncio.timeout(FLUSH_S):
                while self._waiting:
                    await self._piece(AT_ONCE)

    def _too_early_by(self) -> float:
        if len(self._waiting) >= MAX_UNMARKED:
            return 0.0
        now = self._clock.monotonic()
        return min(CALM_S - (now - self._last), YOUNG_S - (now - self._waiting[0][0]))

    def _hurries(self) -> bool:
        """Nobody else writes, or too much waits."""
        return len(self._waiting) >= MAX_UNMARKED or self._clock.monotonic() - self._last >= CALM_S

    def _rest(self) -> float:
        if not self._waiting or self._hurries():
            return 0.0
        age = self._clock.monotonic() - self._waiting[0][0]
        return REST * min(1.0, max(0.0, MAX_UNMARKED_S - age) / (MAX_UNMARKED_S - YOUNG_S))

    async def _piece(self, at_once: int) -> None:
        piece = [pending for _, pending in islice(self._waiting, at_once)]
        await self._mark(piece)
        for _ in piece:
            self._waiting.popleft()
