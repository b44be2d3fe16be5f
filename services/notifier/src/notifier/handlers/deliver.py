"""Deliver one mail that is leased to us.

A mail may be sent twice (a crash between the server's yes and our note of it), with the same Message-ID, never
lost and never in the wrong order. See the service's README for why.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from notifier.domain import retrying
from notifier.domain.notice import Recipient
from notifier.domain.safety import mail_address
from notifier.ports import Composer, Contact, Contacts, Job, Jobs, Mail, Mailer, Outcome
from shared.clock import Clock
from shared.errors import PermanentError, TransientError, Unavailable

AWAY_PAUSE = timedelta(seconds=2)
NOTE_TRIES = 8


class Delivering:
    """The use case with its collaborators."""

    def __init__(self, *, jobs: Jobs, contacts: Contacts, composer: Composer, mailer: Mailer, clock: Clock) -> None:
        self._jobs = jobs
        self._contacts = contacts
        self._composer = composer
        self._mailer = mailer
        self._clock = clock

    async def deliver(self, job: Job) -> Outcome:
        """One attempt; raises TransientError only when the database is away (the lease brings the job back)."""
        blocked_until = await self._jobs.blocked_until(job)
        if blocked_until is not None:
            return await self._postpone(job, blocked_until, job.attempts, "blocked")
        try:
            prepared = await self._prepare(job)
        except PermanentError as error:
            if error.code == "bad-address":
                return await self._give_up(job, error.code)
            # The vault doesn't open with our key: our fault, so no notice may be lost over it.
            return await self._away(job)
        if isinstance(prepared, str):
            return await self._drop(job, prepared)
        try:
            await self._mailer.send(prepared)
        except PermanentError as error:
            return await self._give_up(job, error.code)
        except Unavailable:
            return await self._away(job)
        except TransientError:
            return await self._defer(job)
        return "sent" if await self._noted(lambda: self._jobs.sent(job)) else "overtaken"

    async def _prepare(self, job: Job) -> Mail | Outcome:
        """The mail, or why none is due."""
        recipient = await self._jobs.recipient(job)
        contact = await self._contact(recipient)
        address = mail_address(contact.email) if contact else None
        if recipient is None or contact is None or address is None:
            return "unaddressed"
        preference = await self._contacts.preference(address)
        if not preference.mails:
            return "unsubscribed"
        language = preference.language or contact.language or recipient.language
        return self._composer.mail(job.notice, to=address, recipient=recipient, contact=contact, language=language)

    async def _contact(self, recipient: Recipient | None) -> Contact | None:
        if recipient is None or recipient.contact_id is None:
            return None
        return await self._contacts.find(recipient.contact_id)

    async def _defer(self, job: Job) -> Outcome:
        attempts = job.attempts + 1
        if attempts >= retrying.MAX_ATTEMPTS:
            return await self._give_up(job, "refused-too-often")
        return await self._postpone(job, self._clock.now() + retrying.pause(attempts), attempts, "deferred")

    async def _away(self, job: Job) -> Outcome:
        if self._clock.now() - job.planned_at > retrying.PATIENCE:
            return await self._give_up(job, "mail-server-away")
        return await self._postpone(job, self._clock.now() + AWAY_PAUSE, job.attempts, "away")

    async def _postpone(self, job: Job, until: datetime, attempts: int, outcome: Outcome) -> Outcome:
        ours = await self._noted(lambda: self._jobs.postpone(job, until=until, attempts=attempts))
        return outcome if ours else "overtaken"

    async def _give_up(self, job: Job, reason: str) -> Outcome:
        return "failed" if await self._noted(lambda: self._jobs.failed(job, reason=reason)) else "overtaken"

    async def _drop(self, job: Job, reason: Outcome) -> Outcome:
        return reason if await self._noted(lambda: self._jobs.dropped(job, reason=reason)) else "overtaken"

    async def _noted(self, write: Callable[[], Awaitable[bool]]) -> bool:
        """Write what became of the job; insist, since forgetting it would send the mail again."""
        for attempt in range(1, NOTE_TRIES + 1):
            try:
                return await write()
            except TransientError:
                if attempt == NOTE_TRIES:
                    raise
                await self._clock.sleep(0.25 * attempt)
        return False
