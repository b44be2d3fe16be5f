"""Accepted suggestions: one document each, with the outbox entry of its event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from intake_web.domain.suggestion import Accepted, Kept
from shared import crash_points
from shared.clock import Clock
from shared.contracts.pending import Pending
from shared.errors import OutcomeUnknown, Unavailable
from shared.storage.grouped import GroupedInserts
from shared.storage.mongo import Collection, Document, DuplicateKey, translated
from shared.storage.outbox import entry, new_fields, pending_of
from shared.storage.outbox_store import OutboxStore

SOURCE = "intake-web"
NOT_PREPARED = "The service is starting. Please send it again in a moment."


class MongoSuggestions:
    """Collection `suggestions`; `_id` = suggestion id."""

    def __init__(self, collection: Collection, clock: Clock, nudge: Callable[[Pending], None]) -> None:
        self._collection = collection
        self._inserts = GroupedInserts(collection)
        self._clock = clock
        self._nudge = nudge
        self._prepared = False

    async def prepare(self) -> None:
        """Indexes; nothing is accepted before the unique ones exist."""
        await OutboxStore(self._collection, self._clock).ensure_indexes()
        with translated():
            for fields in (["idempotency"], ["source", "external_id"]):
                await self._collection.create_index(
                    [(field, 1) for field in fields],
                    unique=True,
                    sparse=True,
                )
            await self._collection.create_index("code_hash")
        self._prepared = True

    async def add(self, accepted: Accepted) -> bool:
        if not self._prepared:
            raise Unavailable(NOT_PREPARED)
        document = self._document(accepted)
        crash_points.reach("before_insert")
        try:
            if not await self._insert(document):
                return False
        except OutcomeUnknown:  # it may be there: the same document again, and its own duplicate is success
            if not await self._insert(document) and not await self._is_ours(document):
                return False
        crash_points.reach("after_insert")
        self._nudge(pending_of(document))
        return True

    async def _insert(self, document: Document) -> bool:
        try:
            await self._inserts.insert(document)
        except DuplicateKey:
            return False
        return True

    async def _is_ours(self, document: Document) -> bool:
        with translated():
            found = await self._collection.find_one({"_id": document["_id"]}, {"outbox": 1})
        return found is not None and found["outbox"][0]["event_id"] == document["outbox"][0]["event_id"]

    def _document(self, accepted: Accepted) -> Document:
        now = self._clock.now()
        event = entry(
            accepted.event,
            source=SOURCE,
            at=now,
            causation_id=accepted.causation_id,
            event_id=accepted.event_id,
            key=accepted.key,
        )
        document: Document = {
            "_id": accepted.suggestion_id,
            "channel": accepted.channel,
            "received_at": accepted.received_at,
            "code_hash": accepted.code_hash,
            "body_hash": accepted.body_hash,
            **new_fields([event], now=now),
        }
        if accepted.idempotency is not None:
            document["idempotency"] = accepted.idempotency
        if accepted.hotline is not None:
            document["source"], document["external_id"] = accepted.hotline
        return document

    async def by_key(self, idempotency: str) -> Kept | None:
        return await self._find({"idempotency": idempotency})

    async def by_work_order(self, source: str, external_id: str) -> Kept | None:
        return await self._find({"source": source, "external_id": external_id})

    async def by_code(self, code_hash: str) -> Kept | None:
        return await self._find({"code_hash": code_hash})

    async def _find(self, where: dict[str, Any]) -> Kept | None:
        with translated():
            found = await self._collection.find_one(where)
        return _kept(found) if found is not None else None


def _kept(document: Document) -> Kept:
    first = document["outbox"][0]
    return Kept(
        suggestion_id=document["_id"],
        event_id=first["event_id"],
        received_at=document["received_at"],
        channel=document["channel"],
        body_hash=document["body_hash"],
        text=first["data"].get("text"),
        is_recording=first["type"] == "recording.received.v1",
    )
