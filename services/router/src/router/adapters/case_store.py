"""Cases in Mongo: one document holds a case, its history and the events that tell of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

from ulid import ULID

from router.domain.case import Case, State
from router.domain.following import Finding
from router.ports import Filters, Page
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
WINDOWS = tuple(timedelta(seconds=0.3) * 6**power for power in range(11))
"""Lists look back in growing stretches: the database reads a whole index range before it sorts and limits, so a
page must cost what it shows, not what the collection holds. The last stretch is open."""
SEARCH_WINDOWS = 9
"""A search for words reads every text of a stretch; it stops after a week and offers to go on."""
LATE_S = 5.0
"""A case may join the line behind its front: what was said earlier is not always read earlier."""
_EVENTS = {"outbox": 0}
_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


class MongoCases:
    """Fulfils `ports.CaseStore`; `nudge` and `wake` tell the relay what was written."""

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
        self._line = Line(collection, "follow_key", clock, key_of=_bound, moment_of=_moment, look_back_s=LATE_S)
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
        document = {**_document(case), **new_fields(entries, now=now)}
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
        was, is_now = _document(before), _document(after)
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
            document = await self._collection.find_one({"_id": suggestion_id}, _EVENTS)
        return _case(document) if document else None

    async def by_number(self, number: str) -> Case | None:
        """By case number."""
        with translated():
            document = await self._collection.find_one({"number": number}, _EVENTS)
        return _case(document) if document else None

    async def queue(self, *, after: str | None, limit: int) -> Sequence[Case]:
        """See the port."""
        with translated():
            cursor = self._collection.find({"queue_key": {"$gt": after or ""}}, _EVENTS)
            found = await cursor.sort("queue_key", 1).limit(limit).to_list(limit)
        return [_case(document) for document in found]

    async def queue_length(self) -> int:
        """See the port."""
        with translated():
            return await self._collection.count_documents({"queue_key": {"$gt": ""}}, limit=QUEUE_COUNTED)

    async def page(self, filters: Filters, *, before: str | None, limit: int) -> Page:
        """See the port; newest first, stretch by stretch."""
        matches = _matches(filters)
        windows = WINDOWS[:SEARCH_WINDOWS] if filters.words else WINDOWS
        start = _time_of(before) or self._clock.now()
        found: list[Case] = []
        upper = before
        for window in windows:
            is_last = window is WINDOWS[-1]
            lower = None if is_last else _bound(start - window)
            keys = {**({"$lt": upper} if upper else {}), **({"$gte": lower} if lower else {})}
            wanted = limit - len(found)
            documents: list[Document] = []
            for match in matches:
                with translated():
                    cursor = self._collection.find({**match, "_id": keys} if keys else match, _EVENTS)
                    documents += await cursor.sort("_id", -1).limit(wanted).to_list(wanted)
            documents.sort(key=lambda one: str(one["_id"]), reverse=True)
            found += [_case(document) for document in documents[:wanted]]
            if len(found) == limit:
                return Page(cases=found, before=found[-1].suggestion_id)
            upper = lower
        return Page(cases=found, before=upper)

    async def lessons(self, *, before: datetime | None, limit: int) -> Sequence[Case]:
        """See the port; few: only what people chose."""
        keys = {"$lt": before} if before else {"$gt": _EPOCH}
        with translated():
            cursor = self._collection.find({"lesson.at": keys}, _EVENTS)
            found = await cursor.sort("lesson.at", -1).limit(limit).to_list(limit)
        return [_case(document) for document in found]

    async def on_clock(self, now: datetime, *, limit: int) -> Sequence[Case]:
        """See the port."""
        with translated():
            cursor = self._collection.find({"clock_at": {"$lte": now}}, _EVENTS)
            found = await cursor.sort("clock_at", 1).limit(limit).to_list(limit)
        return [_case(document) for document in found]

    async def unfollowed(self, *, limit: int) -> Sequence[Case]:
        """See the port."""
        found = await self._line.front(None, limit=limit, fields=_EVENTS)
        return [_case(document) for document in found]

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
            cursor = self._collection.find({"merged_into": suggestion_id}, _EVENTS)
            found = await cursor.sort("_id", 1).limit(limit).to_list(limit)
        return [_case(document) for document in found]


def _document(case: Case) -> Document:
    """Absent instead of null: the sparse indexes hold only what waits, and small documents are cheap to change."""
    return {"_id": case.suggestion_id, **case.model_dump(mode="python", exclude={"suggestion_id"}, exclude_none=True)}


def _case(document: Document) -> Case:
    return Case.model_validate({**document, "suggestion_id": document["_id"]})


def _matches(filters: Filters) -> list[dict[str, Any]]:
    """One query, or one per state: the embedded server serves a range of ids only behind an equality that is indexed
    with it, and reads the whole collection else."""
    match = _match(filters)
    return [match] if filters.unit or filters.state else [{**match, "state": state} for state in get_args(State)]


def _match(filters: Filters) -> dict[str, Any]:
    match: dict[str, Any] = {}
    if filters.state:
        match["state"] = filters.state
    if filters.unit:
        match["units"] = filters.unit
    if filters.town:
        match["town"] = filters.town
    if filters.words:
        match["suggestion.text"] = {"$regex": re.escape(filters.words)}
    return match


def _bound(moment: datetime) -> str:
    return str(ULID.from_datetime(moment))[:10] + "0" * 16


def _moment(suggestion_id: str) -> datetime:
    return ULID.from_str(suggestion_id).datetime


def _time_of(suggestion_id: str | None) -> datetime | None:
    try:
        return ULID.from_str(suggestion_id).datetime if suggestion_id else None
    except ValueError:
        return None
