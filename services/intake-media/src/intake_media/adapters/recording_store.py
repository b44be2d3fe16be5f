"""Accepted recordings in Mongo: one document is the recording, its job that waits, and its outbox."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from intake_media.adapters.recording_document import SOURCE, WAITING, WORKING, waiting_fields
from intake_media.domain.jobs import Earlier, Known
from intake_media.domain.recording import Recording
from shared import crash_points
from shared.clock import Clock
from shared.contracts.model import EventData
from shared.contracts.pending import Pending
from shared.contracts.suggestions import MediaRef
from shared.errors import OutcomeUnknown
from shared.storage.mongo import Collection, Document, DuplicateKey, translated
from shared.storage.outbox import entry, new_fields, pending_of

_SHOWN: dict[str, Literal["waiting", "working"]] = {WAITING: "waiting", WORKING: "working"}
RETRY_WITHIN_S = 0.4
"""A write that failed sooner than this is sent again; later the caller hears 503 in time and repeats it."""


class MongoRecordings:
    """Fulfils the ports `RecordingStore` and `AnnouncedRecordings`; `nudge` tells the relay of what was written."""

    def __init__(self, collection: Collection, clock: Clock, *, nudge: Callable[[Pending], None]) -> None:
        self._collection = collection
        self._clock = clock
        self._nudge = nudge

    async def ensure_indexes(self) -> None:
        """Idempotent; run at start, while the collection is small."""
        with translated():
            # Every document has an identity (its own id without a key), so that a plain unique index serves.
            await self._collection.create_index("identity", unique=True)

    async def insert(self, recording: Recording, *, identity: str, body_hash: str, events: Sequence[EventData]) -> bool:
        """False when another recording was accepted under `identity`."""
        now = self._clock.now()
        entries = [entry(event, source=SOURCE, at=now) for event in events]
        caused_by = entries[0]["event_id"] if entries else None
        document = {
            **waiting_fields(recording, identity=identity, body_hash=body_hash, caused_by=caused_by, at=now),
            "traceparent": entries[0]["traceparent"] if entries else None,
            **new_fields(entries, now=now),
        }
        crash_points.reach("before_insert")
        if not await self._inserted(document):
            return False
        crash_points.reach("after_insert")
        if entries:
            self._nudge(pending_of(document))
        return True

    async def insert_announced(self, recording: Recording, *, event_id: str, traceparent: str | None) -> bool:
        """The job for a recording that another service accepted and announced; False when it is another one's."""
        now = self._clock.now()
        document = {
            **waiting_fields(recording, identity=recording.suggestion_id, body_hash="", caused_by=event_id, at=now),
            "traceparent": traceparent,
            **new_fields([], now=now),
        }
        return await self._inserted(document)

    async def _inserted(self, document: Document) -> bool:
        started = self._clock.monotonic()
        try:
            try:
                with translated():
                    await self._collection.insert_one(document)
            except OutcomeUnknown:
                if self._clock.monotonic() - started > RETRY_WITHIN_S:
                    raise
                with translated():
                    await self._collection.insert_one(document)
        except DuplicateKey:
            with translated():
                there = await self._collection.find_one({"_id": document["_id"]}, {"caused_by": 1})
            # Our own write, sent twice because its first answer was lost, or the same event delivered again.
            return there is not None and there["caused_by"] == document["caused_by"]
        return True

    async def earlier(self, identity: str) -> Earlier | None:
        """What was accepted under `identity`."""
        with translated():
            found = await self._collection.find_one({"identity": identity}, {"received_at": 1, "body_hash": 1})
        return Earlier(found["_id"], found["received_at"], found["body_hash"]) if found else None

    async def find(self, suggestion_id: str) -> Known | None:
        """The recording of a suggestion, with the files made from it so far."""
        with translated():
            fields = {"recording": 1, "derived": 1, "state": 1, "heard": 1}
            found = await self._collection.find_one({"_id": suggestion_id}, fields)
        if found is None:
            return None
        recording = Recording.model_validate(found["recording"])
        derived = (MediaRef.model_validate(one) for one in found.get("derived", ()))
        done, total = found.get("heard", (0, 0))
        return Known(recording, (recording.original, *derived), _SHOWN.get(found["state"], "done"), done, total)
