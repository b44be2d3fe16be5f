"""The book of notices: a unique record per (suggestion, event, recipient, channel), and who the recipients are."""

from __future__ import annotations

from collections.abc import Callable

from notifier.adapters.notice_documents import PER_SUGGESTION, SOURCE, document_of, outcome_fields, recipient_of
from notifier.domain.notice import Notice, Recipient
from shared.clock import Clock
from shared.contracts.notices import NoticeSent
from shared.contracts.pending import Pending
from shared.storage.grouped import GroupedInserts
from shared.storage.mongo import Collection, Document, DuplicateKey, translated
from shared.storage.outbox import entry, new_fields, pending_of


class NoticeBook:
    """Fulfils `Book` over the collections `notices` and `recipients`; `nudge` is the relay's."""

    def __init__(
        self, notices: Collection, recipients: Collection, clock: Clock, *, nudge: Callable[[Pending], None]
    ) -> None:
        self._notices = notices
        self._recipients = recipients
        self._new_notices = GroupedInserts(notices)
        self._new_recipients = GroupedInserts(recipients)
        self._clock = clock
        self._nudge = nudge

    async def known(self, suggestion_id: str) -> Recipient | None:
        """The recipient, once the suggestion has been consumed."""
        with translated():
            found = await self._recipients.find_one({"_id": suggestion_id})
        return recipient_of(found) if found else None

    async def introduce(self, recipient: Recipient) -> None:
        """Make the recipient known, and let go what was held for want of it."""
        document = {
            "_id": recipient.suggestion_id,
            "contact_id": recipient.contact_id,
            "language": recipient.language,
            "received_at": recipient.received_at,
            "summary": recipient.summary,
        }
        await _insert(self._new_recipients, document)
        await self.release(recipient)

    async def release(self, recipient: Recipient) -> None:
        """Held notices become due, or are dropped where there is nobody to mail."""
        now = self._clock.now()
        change: Document = (
            {"state": "pending", "next_at": now, "released_at": now}
            if recipient.contact_id
            else {"state": "dropped", "reason": "unaddressed"}
        )
        with translated():
            await self._notices.update_many(
                {"suggestion_id": recipient.suggestion_id, "state": "held"}, {"$set": change}
            )

    async def show(self, notice: Notice, *, title: str, text: str) -> bool:
        """Record a notice for the tracking page together with the event that delivers it; False if it was there."""
        now = self._clock.now()
        event = NoticeSent(**outcome_fields(notice, attempts=1, at=now), title=title, text=text)
        published = [entry(event, source=SOURCE, at=now, causation_id=notice.event_id)]
        document = document_of(notice, state="sent", now=now) | new_fields(published, now=now)
        if not await _insert(self._new_notices, document):
            return False
        self._nudge(pending_of(document))
        return True

    async def queue(self, notice: Notice, *, held: bool) -> bool:
        """Record a mail to be sent; `held` until its recipient is known. False if it was there."""
        now = self._clock.now()
        document = document_of(notice, state="held" if held else "pending", now=now)
        return await _insert(self._new_notices, document | {"next_at": now, "fence": 0} | new_fields([], now=now))

    async def acceptance_told(self, suggestion_id: str, *, besides: str) -> bool:
        """Whether another event than `besides` has already been mailed as the acceptance."""
        fields = {"form": 1, "channel": 1, "event_id": 1}
        with translated():
            found = await self._notices.find({"suggestion_id": suggestion_id}, fields).to_list(PER_SUGGESTION)
        return any(
            one["form"] == "acceptance" and one["channel"] == "email" and one["event_id"] != besides for one in found
        )


async def _insert(inserts: GroupedInserts, document: Document) -> bool:
    try:
        await inserts.insert(document)
    except DuplicateKey:
        return False
    return True
