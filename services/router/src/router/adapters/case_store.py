"""Cases in Mongo: one document holds a case, its history and the events that tell of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from router.adapters.case_document import WITHOUT_EVENTS, case_of, document_of, first_id, moment_of
from router.adapters.case_pages import page_of
from router.domain.case import Case
from router.domain.following import Finding
from router.ports.cases import Filters, Page
from shared import crash_points
from shared.clock import Clock
from shared.contracts.model import EventData
from shared.contracts.pending import Pending
from shared.errors import TransientError
from shared.storage.grouped import GroupedInserts
from shared.storage.line import Line
from shared.storage.mongo import Collection, Document, DuplicateKey, translated
from shared.storage.outbox import append_update, entry, merged, new_fields, pending_of

SOURCE = "router"
QUEUE_COUNTED = 1_000
LATE_S = 5.0
"""A case may join the line behind its front: what was said earlier is not always read earlier."""
_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


class MongoCases:
    """Fulfils `ports.cases.CaseStore`; `nudge` and `wake` tell the relay what was written."""

    def __init__(
        self,
        collection: Collection,
        clock: Clock,
        *,
        nudge: Callable[[Pending], None],
        wake: Callable[[], None],
    ) -> None:
        self._collection = collection
        self._inserts = GroupedInserts(collection)
        self._line = Line(collection, "follow_key", clock, key_of=first_id, moment_of=moment_of, look_back_s=LATE_S)
        self._clock = clock
        self._nudge = nudge
        self._wake = wake

    async def ensure_indexes(self) -> None:
        """Idempotent; run at start, while the collection is small."""
        with translated():
            await self._collection.create_index("number", unique=True)
            await self._collection.create_index([("state", 1), ("_id", 1)])
            await self._collection.create_index([("units", 1), ("_id", 1)])
            for field in ("queue_key", "clock_at", "lesson.at", "follow_key", "merged_into"):
                # Sparse, not partial: the embedded server reads the whole collection for the latter.
                await self._collection.create_index(field, sparse=True)

    async def insert(self, case: Case, events: Sequence[EventData], *, causation_id: str | None) -> bool:
        """See the port. A number that is taken (its counter was lost) is transient: the next try takes another."""
        now = self._clock.now()
        entries = [entry(event, source=SOURCE, at=now, causation_id=causation_id) for event in events]
        document = {**document_of(case), **new_fields(entries, now=now)}
        crash_points.reach("before_insert")
        try:
            await self._inserts.insert(document)
        except DuplicateKey as error:
            if "number" in ((error.details or {}).get("keyPattern") or {}):
                raise TransientError("this case number is taken", code="number-taken") from error
            return False
        crash_points.reach("after_insert")
        self._nudge(pending_of(document))
        return True

    async def replace(
        self, before: Case, after: Case, events: Sequence[EventData], *, causation_id: str | None
    ) -> bool:
        """See the port; only the fields that differ are written."""
        now = self._clock.now()
        was, is_now = document_of(before), document_of(after)
        changed = {name: value for name, value in is_now.items() if was.get(name, ...) != value}
        update: Document = {"$set": changed}
        if gone := {name: "" for name in was if name not in is_now}:
            update["$unset"] = gone
        if events:
            entries = [entry(event, source=SOURCE, at=now, causation_id=causation_id) for event in events]
            update = merged(update, append_update(entries, now=now))
        crash_points.reach("before_change")
        with translated():
            result = await self._collection.update_one({"_id": before.suggestion_id, "version": before.version}, update)
        crash_points.reach("after_change")
        if result.modified_count == 0:
            return False
        if events:
            self._wake()
        return True

    async def find(self, suggestion_id: str) -> Case | None:
        """By suggestion id."""
        with translated():
            document = await self._collection.find_one({"_id": suggestion_id}, WITHOUT_EVENTS)
        return case_of(document) if document else None

    async def by_number(self, number: str) -> Case | None:
        """By case number."""
        with translated():
            document = await self._collection.find_one({"number": number}, WITHOUT_EVENTS)
        return case_of(document) if document else None

    async def queue(self, *, after: str | None, limit: int) -> Sequence[Case]:
        """See the port."""
        with translated():
            cursor = self._collection.find({"queue_key": {"$gt": after or ""}}, WITHOUT_EVENTS)
            found = await cursor.sort("queue_key", 1).limit(limit).to_list(limit)
        return [case_of(document) for document in found]

    async def queue_length(self) -> int:
        """See the port."""
        with translated():
            return await self._collection.count_documents({"queue_key": {"$gt": ""}}, limit=QUEUE_COUNTED)

    async def page(self, filters: Filters, *, before: str | None, limit: int) -> Page:
        """See the port."""
        return await page_of(self._collection, filters, before=before, limit=limit, now=self._clock.now())

    async def lessons(self, *, before: datetime | None, limit: int) -> Sequence[Case]:
        """See the port; few: only what people chose."""
        keys = {"$lt": before} if before else {"$gt": _EPOCH}
        with translated():
            cursor = self._collection.find({"lesson.at": keys}, WITHOUT_EVENTS)
            found = await cursor.sort("lesson.at", -1).limit(limit).to_list(limit)
        return [case_of(document) for document in found]

    async def on_clock(self, now: datetime, *, limit: int) -> Sequence[Case]:
        """See the port."""
        with translated():
            cursor = self._collection.find({"clock_at": {"$lte": now}}, WITHOUT_EVENTS)
            found = await cursor.sort("clock_at", 1).limit(limit).to_list(limit)
        return [case_of(document) for document in found]

    async def unfollowed(self, *, limit: int) -> Sequence[Case]:
        """See the port."""
        found = await self._line.front(None, limit=limit, fields=WITHOUT_EVENTS)
        return [case_of(document) for document in found]

    async def followed(self, case: Case, finding: Finding | None, events: Sequence[EventData]) -> bool:
        """See the port: guarded by the place in the line, not by the version. Its events go with the next sweep, many
        at once: nobody waits for them."""
        now = self._clock.now()
        update: Document = {"$unset": {"follow_key": ""}}
        if finding:
            likely = [one.model_dump(mode="python", exclude_none=True) for one in finding.likely]
            update["$set"] = {"joined": finding.joined.model_dump(mode="python"), "likely": likely}
        if events:
            update = merged(update, append_update([entry(one, source=SOURCE, at=now) for one in events], now=now))
        with translated():
            result = await self._collection.update_one(
                {"_id": case.suggestion_id, "follow_key": case.follow_key}, update
            )
        return bool(result.modified_count)

    async def merged_into(self, suggestion_id: str, *, limit: int) -> Sequence[Case]:
        """See the port."""
        with translated():
            cursor = self._collection.find({"merged_into": suggestion_id}, WITHOUT_EVENTS)
            found = await cursor.sort("_id", 1).limit(limit).to_list(limit)
        return [case_of(document) for document in found]
