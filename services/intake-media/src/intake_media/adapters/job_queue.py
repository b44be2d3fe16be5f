"""Recordings as leased jobs in Mongo: claimed and renewed under a fence, outcome and events written in one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from intake_media.adapters.recording_document import COPIES_WAIT, COPYING, DONE, SOURCE, WAITING, WORKING, job_in
from intake_media.domain.jobs import Job, Queue
from intake_media.domain.recording import Lane
from intake_media.domain.recording_events import copied_event
from intake_media.domain.transcript import Transcript
from shared import crash_points
from shared.clock import Clock
from shared.contracts.model import EventData
from shared.contracts.suggestions import MediaRef
from shared.storage.leases import Leases
from shared.storage.mongo import Collection, translated
from shared.storage.outbox import append_update, entry, merged

MAX_COPY_TRIES = 3
SHOWN_IN_HAND = 100
LEASE = timedelta(seconds=30)
"""Short, so that a killed worker's job soon goes to another; a living one renews it well in time."""


class MongoJobs:
    """Fulfils the port `Jobs` over the documents of `MongoRecordings`; `wake` tells the relay of what was written."""

    def __init__(
        self, collection: Collection, clock: Clock, *, wake: Callable[[], None], lease: timedelta = LEASE
    ) -> None:
        self._collection = collection
        self._clock = clock
        self._wake = wake
        self._lease = lease
        self._leases = Leases(collection, clock, waiting=WAITING, working=WORKING)
        self._copying = Leases(collection, clock, waiting=COPIES_WAIT, working=COPYING)

    async def ensure_indexes(self) -> None:
        """Idempotent; run at start, while the collection is small."""
        await self._leases.ensure_indexes("lane")

    async def claim(self, lane: Lane) -> Job | None:
        """The oldest recording of the lane that is due."""
        document = await self._leases.claim({"lane": lane}, lease=self._lease)
        return job_in(document) if document is not None else None

    async def claim_copies(self, lane: Lane) -> Job | None:
        """The oldest published recording that still lacks its copies; one that kills its workers is let off."""
        while (document := await self._copying.claim({"lane": lane}, lease=self._lease)) is not None:
            job = job_in(document)
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
