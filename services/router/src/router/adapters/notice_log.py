"""What was told to whom, as the notifier reports it; its own collection, since a receipt may precede its case."""

from __future__ import annotations

from collections.abc import Sequence

from router.ports.telling import Notified
from shared.contracts.notices import NoticeOutcome
from shared.storage.mongo import Collection, DuplicateKey, translated


class MongoNotices:
    """Fulfils `ports.telling.NoticeLog`."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def ensure_indexes(self) -> None:
        """Idempotent; run at start."""
        with translated():
            await self._collection.create_index([("suggestion_id", 1), ("at", 1)])

    async def note(self, event_id: str, outcome: NoticeOutcome, *, sent: bool) -> None:
        """See the port; what the tracking page shows is not kept here."""
        fields = outcome.model_dump(mode="python", exclude={"title", "text"})
        try:
            with translated():
                await self._collection.insert_one({"_id": event_id, "sent": sent, **fields})
        except DuplicateKey:  # told before
            pass

    async def of(self, suggestion_id: str) -> Sequence[Notified]:
        """See the port."""
        with translated():
            found = await self._collection.find({"suggestion_id": suggestion_id}).sort("at", 1).to_list(200)
        return [Notified.model_validate(document) for document in found]
