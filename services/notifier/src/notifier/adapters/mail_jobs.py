"""Mails to be sent as leased jobs: one sender at a time, one mail of a suggestion after the other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from notifier.adapters.notice_documents import (
    PER_SUGGESTION,
    SOURCE,
    notice_of,
    outcome_fields,
    recipient_of,
    turn,
)
from notifier.domain.notice import Recipient
from notifier.ports import Job
from shared.clock import Clock
from shared.contracts.notices import NoticeFailed, NoticeSent
from shared.storage.leases import Leases
from shared.storage.mongo import Collection, Document, translated
from shared.storage.outbox import append_update, entry, merged

LEASE = timedelta(seconds=60)
"""Longer than reading, sending (20 s at most) and noting together."""
BLOCKED_PAUSE = timedelta(milliseconds=300)


class MailJobs:
    """Fulfils `Jobs`; `wake_relay` makes it look for the proof that was just written."""

    def __init__(
        self,
        notices: Collection,
        recipients: Collection,
        clock: Clock,
        *,
        wake_relay: Callable[[], None],
        lease: timedelta = LEASE,
    ) -> None:
        self._notices = notices
        self._recipients = recipients
        self._clock = clock
        self._wake_relay = wake_relay
        self._lease = lease
        self._leases = Leases(notices, clock, waiting="pending", working="sending")

    async def ensure_indexes(self) -> None:
        """Idempotent; run at start."""
        await self._leases.ensure_indexes()
        with translated():
            await self._notices.create_index("suggestion_id")

    async def claim(self) -> Job | None:
        """The mail that has been due longest, now ours until the lease ends."""
        found = await self._leases.claim({}, lease=self._lease)
        if found is None:
            return None
        return Job(
            notice=notice_of(found),
            attempts=found["attempts"],
            planned_at=found.get("released_at") or found["planned_at"],
            lease=found,
        )

    async def recipient(self, job: Job) -> Recipient | None:
        """Whom the notice is for."""
        with translated():
            found = await self._recipients.find_one({"_id": job.notice.suggestion_id})
        return recipient_of(found) if found else None

    async def blocked_until(self, job: Job) -> datetime | None:
        """When to look again, if an earlier mail of the same suggestion is still to be sent."""
        fields = {"state": 1, "form": 1, "planned_at": 1, "event_id": 1, "next_at": 1, "channel": 1}
        with translated():
            cursor = self._notices.find({"suggestion_id": job.notice.suggestion_id}, fields)
            found = await cursor.to_list(PER_SUGGESTION)
        earlier = [
            one
            for one in found
            if one["channel"] == "email" and one["state"] in ("pending", "sending") and turn(one) < turn(job.lease)
        ]
        if not earlier:
            return None
        soon = self._clock.now() + BLOCKED_PAUSE
        # Of one that is being sent `next_at` is only the end of the lease: it is usually done at once.
        waits: list[datetime] = [
            soon,
            *(one["next_at"] + BLOCKED_PAUSE for one in earlier if one["state"] == "pending"),
        ]
        return max(waits)

    async def postpone(self, job: Job, *, until: datetime, attempts: int) -> bool:
        """Give the job back, due at `until`; False when it was taken over."""
        fields = {"state": "pending", "next_at": until, "attempts": attempts}
        return await self._leases.finish(dict(job.lease), {"$set": fields})

    async def sent(self, job: Job) -> bool:
        """Delivered: note it and publish the proof; False when it was taken over."""
        now = self._clock.now()
        attempts = job.attempts + 1
        event = NoticeSent(**outcome_fields(job.notice, attempts=attempts, at=now))
        return await self._end(job, {"state": "sent", "attempts": attempts, "sent_at": now}, event)

    async def failed(self, job: Job, *, reason: str) -> bool:
        """Given up: note it and publish why; False when it was taken over."""
        attempts = job.attempts + 1
        event = NoticeFailed(**outcome_fields(job.notice, attempts=attempts, at=self._clock.now()), reason=reason)
        return await self._end(job, {"state": "failed", "attempts": attempts, "reason": reason}, event)

    async def dropped(self, job: Job, *, reason: str) -> bool:
        """Nobody to mail, or no mails wanted: nothing was delivered and nothing failed."""
        return await self._leases.finish(dict(job.lease), {"$set": {"state": "dropped", "reason": reason}})

    async def _end(self, job: Job, fields: Document, event: NoticeSent | NoticeFailed) -> bool:
        now = self._clock.now()
        published = [entry(event, source=SOURCE, at=now, causation_id=job.notice.event_id)]
        done = await self._leases.finish(dict(job.lease), merged({"$set": fields}, append_update(published, now=now)))
        if done:
            self._wake_relay()
        return done

    async def oldest_waiting_s(self) -> float:
        """Seconds since the mail that has been due longest was planned; 0 when none is due."""
        now = self._clock.now()
        with translated():
            found = await self._notices.find_one(
                {"state": "pending", "next_at": {"$lte": now}}, {"planned_at": 1}, sort=[("next_at", 1)]
            )
        return (now - found["planned_at"]).total_seconds() if found else 0.0
