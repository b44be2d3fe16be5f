"""Recordings in Mongo: one document is the accepted recording, its leased job and its outbox."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from intake_media.domain.jobs import Earlier, Job, Known, Queue
from intake_media.domain.recording import Lane, Recording, copied_event
from intake_media.domain.transcript import Transcript
from shared import crash_points
from shared.clock import Clock
from shared.contracts.model import EventData
from shared.contracts.pending import Pending
from shared.contracts.suggestions import MediaRef
from shared.errors import OutcomeUnknown
from shared.storage.leases import Leases
from shared.storage.mongo import Collection, Document, DuplicateKey, translated
from shared.storage.outbox import append_update, entry, merged, new_fields, pending_of

SOURCE = "intake-media"
WAITING, WORKING, DONE = "waiting", "working", "done"
_SHOWN: dict[str, Literal["waiting", "working"]] = {WAITING: "waiting", WORKING: "working"}
COPIES_WAIT, COPYING = "copies-wait", "copying"
MAX_COPY_TRIES = 3
SHOWN_IN_HAND = 100
LEASE = timedelta(seconds=30)
"""Short, so that a killed worker's job soon goes to another; a living one renews it well in time."""
RETRY_WITHIN_S = 0.4
"""A write that failed sooner than this is sent again; later the caller hears 503 in time and repeats it."""


class MongoRecordings:
    """Fulfils the ports `RecordingStore` and `Jobs`; `nudge` and `wake` tell the relay of what was written."""

    def __init__(
        self,
        collection: Collection,
        clock: Clock,
        *,
        nudge: Callable[[Pending], None],
        wake: Callable[[], None],
        lease: timedelta = LEASE,
    ) -> None:
        self._collection = collection
        self._clock = clock
        self._nudge = nudge
        self._wake = wake
        self._lease = lease
        self._leases = Leases(collection, clock, waiting=WAITING, working=WORKING)
        self._copying = Leases(collection, clock, waiting=COPIES_WAIT, working=COPYING)

    async def ensure_indexes(self) -> None:
        """Idempotent; run at start, while the collection is small."""
        await self._leases.ensure_indexes("lane")
        with translated():
            # Every document has an identity (its own id without a key), so that a plain unique index serves.
            await self._collection.create_index("identity", unique=True)

    async def insert(self, recording: Recording, *, identity: str, body_hash: str, events: Sequence[EventData]) -> bool:
        """False when another recording was accepted under `identity`."""
        now = self._clock.now()
        entries = [entry(event, source=SOURCE, at=now) for event in events]
        caused_by = entries[0]["event_id"] if entries else None
        document = {
            **_job_fields(recording, identity=identity, body_hash=body_hash, caused_by=caused_by, at=now),
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
            **_job_fields(recording, identity=recording.suggestion_id, body_hash="", caused_by=event_id, at=now),
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

    async def claim(self, lane: Lane) -> Job | None:
        """The oldest recording of the lane that is due."""
        document = await self._leases.claim({"lane": lane}, lease=self._lease)
        return _job(document) if document is not None else None

    async def claim_copies(self, lane: Lane) -> Job | None:
        """The oldest published recording that still lacks its copies; one that kills its workers is let off."""
        while (document := await self._copying.claim({"lane": lane}, lease=self._lease)) is not None:
            job = _job(document)
            if document["fence"] - document["finished_fence"] <= MAX_COPY_TRIES:
                return job
            await self.finish_copies(job, ())
        return None

    async def renew(self, job: Job) -> bool:
        """False when it was taken over."""
        return await self._held(job).renew(dict(job.document), lease=self._lease)

    async def note_progress(self, job: Job, done: int, total: int) -> None:
        """How many stretches were heard, of how many; nothing happens where the fence has moved on."""
        await self._leases.finish(dict(job.document), {"$set": {"heard": [done, total]}})

    async def give_back(self, job: Job, *, after_s: float, failed: bool) -> None:
        """Back into its queue; nothing happens where the fence has moved on."""
        state = COPIES_WAIT if job.document["state"] == COPYING else WAITING
        due = self._clock.now() + timedelta(seconds=after_s)
        counted = "failures" if failed else "given_back"
        update: dict[str, Any] = {"$set": {"state": state, "next_at": due}, "$inc": {counted: 1}}
        await self._held(job).finish(dict(job.document), update)

    async def finish(
        self, job: Job, transcript: Transcript, derived: Sequence[MediaRef], events: Sequence[EventData]
    ) -> bool:
        """Outcome and events in one write; False when the job was taken over."""
        now = self._clock.now()
        # What cannot be decoded gets no copies; a doubtful note has its own already.
        has_sound = any(one.role == "audio" for one in derived)
        outcome: dict[str, Any] = {
            "state": DONE if transcript.verdict == "unusable" or has_sound else COPIES_WAIT,
            "next_at": now,
            "finished_at": now,
            "finished_fence": job.fence,
            "heard": [0, 0],
            "transcript": transcript.model_dump(mode="json"),
            "derived": [one.model_dump(mode="json") for one in derived],
        }
        entries = [entry(event, source=SOURCE, at=now, causation_id=job.caused_by) for event in events]
        update = merged({"$set": outcome}, append_update(entries, now=now))
        crash_points.reach("before_outcome")
        written = await self._leases.finish(dict(job.document), update)
        crash_points.reach("after_outcome")
        if written:
            self._wake()
        return written

    async def finish_copies(self, job: Job, derived: Sequence[MediaRef]) -> bool:
        """Names the copies, and tells of them where there are any."""
        now = self._clock.now()
        update: dict[str, dict[str, Any]] = {"$set": {"state": DONE}}
        if derived:
            made = [one.model_dump(mode="json") for one in derived]
            told = entry(copied_event(job.recording, derived), source=SOURCE, at=now, causation_id=job.caused_by)
            update = merged(update, {"$push": {"derived": {"$each": made}}}, append_update([told], now=now))
        crash_points.reach("before_copies")
        written = await self._copying.finish(dict(job.document), update)
        crash_points.reach("after_copies")
        if written and derived:
            self._wake()
        return written

    def _held(self, job: Job) -> Leases:
        return self._copying if job.document["state"] == COPYING else self._leases

    async def in_hand(self, lane: Lane) -> Sequence[tuple[int, int]]:
        """Progress of the recordings of a lane that somebody works on."""
        where = {"lane": lane, "state": WORKING, "next_at": {"$gt": self._clock.now()}}
        with translated():
            found = await self._collection.find(where, {"heard": 1}).to_list(SHOWN_IN_HAND)
        return [(done, total) for done, total in (one.get("heard", (0, 0)) for one in found)]

    async def queue(self, lane: Lane) -> Queue:
        """Waiting and abandoned recordings of a lane; reads no more than what waits."""
        now = self._clock.now()
        waiting, oldest = 0, 0.0
        for where in ({"state": WAITING}, {"state": WORKING, "next_at": {"$lte": now}}):
            with translated():
                count = await self._collection.count_documents({"lane": lane, **where})
                if not count:
                    continue
                waiting += count
                first = await self._collection.find_one(
                    {"lane": lane, **where}, {"received_at": 1}, sort=[("next_at", 1)]
                )
            if first is not None:
                oldest = max(oldest, (now - first["received_at"]).total_seconds())
        return Queue(waiting, round(oldest, 3))


def _job(document: Document) -> Job:
    failures = int(document.get("failures", 0))
    return Job(
        recording=Recording.model_validate(document["recording"]),
        fence=document["fence"],
        failures=failures,
        losses=document["fence"] - 1 - failures - int(document.get("given_back", 0)),
        caused_by=document.get("caused_by"),
        traceparent=document.get("traceparent"),
        document=document,
    )


def _job_fields(
    recording: Recording, *, identity: str, body_hash: str, caused_by: str | None, at: datetime
) -> Document:
    return {
        "_id": recording.suggestion_id,
        "identity": identity,
        "body_hash": body_hash,
        "lane": recording.lane,
        "state": WAITING,
        "next_at": at,
        "fence": 0,
        "received_at": recording.received_at,
        "caused_by": caused_by,
        "recording": recording.model_dump(mode="json"),
    }
