"""What residents do on the tracking page: each act is a document of its own with its outbox, since the suggestion
itself may be another service's aggregate (a recording is intake-media's)."""

from __future__ import annotations

from collections.abc import Callable

from intake_web.adapters.suggestion_store import SOURCE
from shared import crash_points
from shared.clock import Clock
from shared.contracts.pending import Pending
from shared.contracts.suggestions import SuggestionCorrected
from shared.errors import OutcomeUnknown
from shared.storage.mongo import Collection, Document, DuplicateKey, translated
from shared.storage.outbox import entry, new_fields, pending_of
from shared.storage.outbox_store import OutboxStore


class MongoActs:
    """Collection `acts`; `_id` follows from what is said, so that a double click is one act."""

    def __init__(self, collection: Collection, clock: Clock, nudge: Callable[[Pending], None]) -> None:
        self._collection = collection
        self._clock = clock
        self._nudge = nudge

    async def prepare(self) -> None:
        """Indexes."""
        await OutboxStore(self._collection, self._clock).ensure_indexes()

    async def correct(self, act_id: str, correction: SuggestionCorrected) -> None:
        now = self._clock.now()
        document: Document = {"_id": act_id, **new_fields([entry(correction, source=SOURCE, at=now)], now=now)}
        crash_points.reach("before_insert")
        try:
            await self._insert(document)
        except OutcomeUnknown:
            await self._insert(document)
        crash_points.reach("after_insert")

    async def _insert(self, document: Document) -> None:
        try:
            with translated():
                await self._collection.insert_one(document)
        except DuplicateKey:
            return
        self._nudge(pending_of(document))
