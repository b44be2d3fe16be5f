"""The front of a line of waiting documents, kept by a sparse index on the moment (or key of a moment) they wait from.

A server may read the whole range of an index before it sorts and limits (the embedded one does): a backlog of n
would cost n documents per look, n² in all. Here each look asks for a short stretch of time at the front.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.clock import Clock
from shared.storage.mongo import Collection, Document, translated

SHORTEST, LONGEST = timedelta(milliseconds=50), timedelta(days=1)
WIDER = 16
"""A stretch grows by this until it holds enough; from a day on, the look is at all the rest."""
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
LOOK_BACK_S = 30.0
"""So often it looks behind the front: somebody may have joined the line there."""
OVERLAP = timedelta(seconds=10)
"""Processes' clocks differ a little: a front that was reached is believed empty only so long before now."""
AGES = tuple(timedelta(seconds=0.5) * 4**power for power in range(14, -1, -1))
"""From some years down to half a second; the windows between two of them are looked at one after the other."""
FEW = 50
"""So many may be read to find the first; counting by the index costs a tenth of reading."""


class Line:
    """Documents of `collection` that have `field`, in its order.

    `key_of` makes the field's value of a moment, `moment_of` the moment of a value.
    """

    def __init__(
        self,
        collection: Collection,
        field: str,
        clock: Clock,
        *,
        key_of: Callable[[datetime], Any] = lambda moment: moment,
        moment_of: Callable[[Any], datetime] = lambda value: value,
        look_back_s: float = LOOK_BACK_S,
    ) -> None:
        self._collection = collection
        self._field = field
        self._clock = clock
        self._key_of = key_of
        self._moment_of = moment_of
        self._look_back_s = look_back_s
        self._front: datetime | None = None
        self._looked_back_at = float("-inf")
        self._stretch = timedelta(seconds=1)

    async def front(self, until: datetime | None, *, limit: int, fields: Document) -> list[Document]:
        """The first `limit` documents that wait from `until` or before (None: all); fewer only where no more wait."""
        start = await self._start(until)
        while True:
            is_last = self._stretch >= LONGEST or (until is not None and start + self._stretch >= until)
            upper = until if is_last else start + self._stretch
            found = await self._between(start, upper, limit, fields)
            if len(found) >= limit:  # as dense as this: a little more than one look next time
                dense = self._moment_of(found[-1][self._field]) - self._moment_of(found[0][self._field])
                self._stretch = max(SHORTEST, min(self._stretch, 2 * dense))
            elif not is_last:
                self._stretch *= WIDER
                start = start if found or upper is None else upper
                continue
            reached = (until or self._clock.now()) - OVERLAP
            self._front = self._moment_of(found[0][self._field]) if found else reached
            return found

    async def _start(self, until: datetime | None) -> datetime:
        """Where nothing waits before, as far as is known; now and then it makes sure."""
        known, now = self._front, self._clock.monotonic()
        if known is not None and now - self._looked_back_at < self._look_back_s:
            return known
        self._looked_back_at = now
        end = known or until or self._clock.now()
        return await self._first_before(end) or end

    async def _first_before(self, end: datetime) -> datetime | None:
        """The moment from which the first one waits, if before `end`: windows that shorten towards it are looked at in
        turn, since an empty one costs nothing, and a full one is halved."""
        lower = EPOCH
        for age in (*AGES, timedelta(0)):
            upper = end - age
            if upper <= lower:
                continue
            if waiting := await self._count(lower, upper):
                return await self._first_between(lower, upper, waiting)
            lower = upper
        return None

    async def _first_between(self, lower: datetime, upper: datetime, waiting: int) -> datetime:
        while waiting > FEW and upper - lower > SHORTEST:
            middle = lower + (upper - lower) / 2
            if earlier := await self._count(lower, middle):
                upper, waiting = middle, earlier
            else:
                lower = middle
        first = await self._between(lower, upper, 1, {self._field: 1})
        return self._moment_of(first[0][self._field]) if first else lower

    async def _count(self, lower: datetime, upper: datetime) -> int:
        with translated():
            return await self._collection.count_documents(self._range(lower, upper))

    async def _between(self, lower: datetime, upper: datetime | None, limit: int, fields: Document) -> list[Document]:
        with translated():
            cursor = self._collection.find(self._range(lower, upper), fields)
            return await cursor.sort(self._field, 1).limit(limit).to_list(limit)

    def _range(self, lower: datetime, upper: datetime | None) -> Document:
        """Always with a lower bound: the sparse index serves no query that absent fields might fulfil."""
        until = {} if upper is None else {"$lte": self._key_of(upper)}
        return {self._field: {"$gte": self._key_of(lower), **until}}
