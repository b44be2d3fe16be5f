"""The outboxes of one collection of aggregates: what is due there, claimed, marked as published, and read again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime

from ulid import ULID

from shared.clock import Clock
from shared.contracts.model import rfc3339
from shared.contracts.pending import Pending
from shared.storage.line import Line
from shared.storage.mongo import Collection, Document, translated
from shared.storage.outbox import pending_of

MARKED_AT_ONCE = 50
"""Documents of one update: far below the operation's time-out even on a busy server."""


class OutboxStore:
    """Fulfils the relay's port over one collection of aggregates."""

    def __init__(self, collection: Collection, clock: Clock) -> None:
        self._collection = collection
        self._clock = clock
        self._line = Line(collection, "outbox_next_at", clock)

    async def ensure_indexes(self) -> None:
        """Idempotent; run at start, while the collection is small."""
        with translated():
            # sparse, not partial: the embedded server reads the whole collection past a partial index
            await self._collection.create_index("outbox_next_at", sparse=True)

    async def due(self, *, limit: int) -> list[Pending]:
        """Documents whose entries wait and whose lease, if any, has ended; oldest first."""
        fields = {"outbox": 1, "outbox_length": 1, "outbox_published": 1, "outbox_next_at": 1}
        documents = await self._line.front(self._clock.now(), limit=limit, fields=fields)
        return [pending_of(document) for document in documents]

    async def claim(self, batch: Sequence[Pending], *, until: datetime) -> list[Pending]:
        """Take the leases of `batch`; returns those that no other process was quicker to take.

        One write and one read for all: on a busy server a claim each would outlast the lease.
        """
        ids, token = [pending.document_id for pending in batch], str(ULID())
        mine: set[str] = set()
        with translated():
            for start in range(0, len(ids), MARKED_AT_ONCE):
                chunk = {"$in": ids[start : start + MARKED_AT_ONCE]}
                await self._collection.update_many(
                    {"_id": chunk, "outbox_next_at": {"$lte": self._clock.now()}},
                    {"$set": {"outbox_next_at": until, "outbox_claim": token}},
                )
                found = await self._collection.find({"_id": chunk, "outbox_claim": token}, {"_id": 1}).to_list(None)
                mine |= {document["_id"] for document in found}
        return [replace(pending, leased_until=until) for pending in batch if pending.document_id in mine]

    async def mark_published(self, batch: Sequence[Pending]) -> None:
        """Note what the broker has acknowledged; documents that grew meanwhile stay due."""
        by_length: dict[int, list[str]] = {}
        for pending in batch:
            by_length.setdefault(pending.length, []).append(pending.document_id)
        chunks = [
            (length, ids[start : start + MARKED_AT_ONCE])
            for length, ids in by_length.items()
            for start in range(0, len(ids), MARKED_AT_ONCE)
        ]
        with translated():
            for length, ids in chunks:
                result = await self._collection.update_many(
                    {"_id": {"$in": ids}, "outbox_length": length},
                    {"$set": {"outbox_published": length}, "$unset": {"outbox_next_at": ""}},
                )
                if result.matched_count < len(ids):
                    await self._mark_grown(ids, length)

    async def _mark_grown(self, ids: Sequence[str], length: int) -> None:
        """Documents that got further entries since they were read stay due for those."""
        grown = {"_id": {"$in": list(ids)}, "outbox_length": {"$gt": length}, "outbox_published": {"$lt": length}}
        found = await self._collection.find(grown, {"_id": 1}).to_list(len(ids))
        for document in found:
            await self._collection.update_one(
                {"_id": document["_id"], "outbox_length": {"$gt": length}, "outbox_published": {"$lt": length}},
                {"$set": {"outbox_published": length, "outbox_next_at": self._clock.now()}},
            )

    async def since(self, moment: datetime, *, batch: int = 200) -> AsyncIterator[tuple[str, list[Document]]]:
        """Every document with events at or after `moment`, and those events in order, for republishing.

        Reads the whole collection: it is asked once after a disaster, and an index would cost every accept.
        """
        wanted = rfc3339(moment)
        cursor = self._collection.find({"outbox_at": {"$gte": moment}}, {"outbox": 1}).sort("_id", 1)
        with translated():
            async for document in cursor.batch_size(batch):
                entries = [one for one in document["outbox"] if one["time"] >= wanted]
                if entries:
                    yield document["_id"], entries
