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
LOOK_BACK_S = 60.0
"""So often the front is sought anew: somebody may have joined the line before it."""


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
    ) -> None:
        self._collection = collection
        self._field = field
        self._clock = clock
        self._key_of = key_of
        self._moment_of = moment_of
        self._front: datetime | None = None
        self._sought_at = float("-inf")
        self._stretch = LONGEST

    async def front(self, until: datetime | None, *, limit: int, fields: Document) -> list[Document]:
        """The first `limit` documents that wait from `until` or before (None: all); fewer only where no more wait."""
        if self._front is None or self._clock.monotonic() - self._sought_at > LOOK_BACK_S:
            self._front = await self._seek(until)
        start = self._front
        found: list[Document] = []
        while start is not None:
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
            self._front = self._moment_of(found[0][self._field]) if found else None
            break
        return found

    async def _seek(self, until: datetime | None) -> datetime | None:
        """The moment from which the first one waits: reads the line once."""
        self._sought_at = self._clock.monotonic()
        with translated():
            cursor = self._collection.find(self._range(EPOCH, until), {self._field: 1})
            first = await cursor.sort(self._field, 1).limit(1).to_list(1)
        return self._moment_of(first[0][self._field]) if first else None

    async def _between(self, lower: datetime, upper: datetime | None, limit: int, fields: Document) -> list[Document]:
        with translated():
            cursor = self._collection.find(self._range(lower, upper), fields)
            return await cursor.sort(self._field, 1).limit(limit).to_list(limit)

    def _range(self, lower: datetime, upper: datetime | None) -> Document:
        """Always with a lower bound: the sparse index serves no query that absent fields might fulfil."""
        until = {} if upper is None else {"$lte": self._key_of(upper)}
        return {self._field: {"$gte": self._key_of(lower), **until}}
