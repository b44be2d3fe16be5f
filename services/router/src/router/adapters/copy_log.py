"""Copies of recordings that can be played, as intake-media announces them; a collection of their own, since they may
precede their case and change nothing about it."""

from __future__ import annotations

from collections.abc import Sequence

from shared.contracts.suggestions import MediaRef
from shared.storage.mongo import Collection, translated


class MongoCopies:
    """Fulfils `ports.telling.CopyLog`."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def note(self, suggestion_id: str, media: Sequence[MediaRef]) -> None:
        """See the port."""
        made = [one.model_dump(mode="json") for one in media]
        with translated():
            await self._collection.update_one({"_id": suggestion_id}, {"$set": {"media": made}}, upsert=True)

    async def of(self, suggestion_id: str) -> Sequence[MediaRef]:
        """See the port."""
        with translated():
            found = await self._collection.find_one({"_id": suggestion_id})
        return [MediaRef.model_validate(one) for one in found["media"]] if found else []
