"""The projection: a document per suggestion, its facts by event id: a repeated event writes the same again."""

from __future__ import annotations

import hashlib

from intake_web.domain.timeline import Fact
from shared.storage.mongo import Collection, Document, DuplicateKey, translated


class MongoTracking:
    """Collection `tracking`; `_id` = suggestion id."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def prepare(self) -> None:
        """Indexes."""
        with translated():
            await self._collection.create_index("code_hash")

    async def note(self, suggestion_id: str, code_hash: str, fact: Fact) -> None:
        body = {"event_id": fact.event_id, "type": fact.type, "at": fact.at, "data": fact.data}
        update = {"$set": {f"facts.{_field(fact.event_id)}": body, "code_hash": code_hash}}
        with translated():
            try:
                await self._collection.update_one({"_id": suggestion_id}, update, upsert=True)
            except DuplicateKey:  # another topic's event made the document meanwhile
                await self._collection.update_one({"_id": suggestion_id}, update)

    async def by_code(self, code_hash: str) -> tuple[str, list[Fact]] | None:
        with translated():
            found = await self._collection.find_one({"code_hash": code_hash})
        return (found["_id"], _facts(found)) if found is not None else None

    async def by_id(self, suggestion_id: str) -> list[Fact]:
        with translated():
            found = await self._collection.find_one({"_id": suggestion_id})
        return _facts(found) if found is not None else []


def _field(event_id: str) -> str:
    """Event ids of ours are plain; whatever else comes must not be read as a path into the document."""
    return event_id if event_id.isalnum() else hashlib.sha256(event_id.encode()).hexdigest()


def _facts(document: Document) -> list[Fact]:
    return [Fact(**fact) for fact in document["facts"].values()]
