"""The follower's memory is no state: it is rebuilt from the cases of the window."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from router.domain.following import WINDOW, WINDOW_CASES, Following, Record, comparable, record_of
from router.handlers.pacing import Pacing
from router.ports.cases import CaseStore, Filters
from router.ports.deciding import Simplify
from shared.clock import Clock

REMEMBERED_AT_ONCE = 100
TAKEN_AT_ONCE = 50


class Recall:
    """Reads the cases page by page, the newest first, and rests between."""

    def __init__(self, store: CaseStore, simplify: Simplify, clock: Clock, pacing: Pacing) -> None:
        self._store = store
        self._simplify = simplify
        self._clock = clock
        self._pacing = pacing

    async def following(self, holds: Callable[[], Awaitable[bool]]) -> Following | None:
        """The window, oldest first; None when the lease was lost meanwhile (`holds` asks for it)."""
        records: list[Record] = []
        since, before = self._clock.now() - WINDOW, None
        while len(records) < WINDOW_CASES:
            started = self._clock.monotonic()
            page = await self._store.page(Filters(), before=before, limit=REMEMBERED_AT_ONCE)
            recent = [one for one in page.cases if one.suggestion.received_at >= since]
            records += [record_of(one, self._simplify) for one in recent if one.follow_key is None and comparable(one)]
            before = page.before
            if before is None or len(recent) < len(page.cases):
                break
            await self._pacing.rest(started)
            if not await holds():
                return None
        following = Following()
        records.reverse()
        for at in range(0, len(records), TAKEN_AT_ONCE):
            started = self._clock.monotonic()
            await asyncio.to_thread(_remember, following, records[at : at + TAKEN_AT_ONCE])
            await self._pacing.rest(started)
            if not await holds():
                return None
        return following


def _remember(following: Following, records: list[Record]) -> None:
    for record in records:
        following.remember(record)
