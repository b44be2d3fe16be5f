"""The projection: a document per fact, so that noting one is an insert and a repeated event is already there."""

from __future__ import annotations

import hashlib

from intake_web.domain.timeline import Fact
from shared.storage.grouped import GroupedInserts
from shared.storage.mongo import Collection, Document, DuplicateKey, translated


class MongoTracking:
    """Collection `facts`; `_id` = suggestion and event id; found by the hash of the query code."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._inserts = GroupedInserts(collection)

    async def prepare(self) -> None:
        """Indexes."""
        with translated():
            await self._collection.create_index("code_hash")

    async def note(self, suggestion_id: str, code_hash: str, fact: Fact) -> None:
        document: Document = {
            "_id": f"{suggestion_id}:{_plain(fact.event_id)}",
            "code_hash": code_hash,
            "event_id": fact.event_id,
            "type": fact.type,
            "at": fact.at,
            "data": fact.data,
        }
        try:
            await self._inserts.insert(document)
        except DuplicateKey:
            return

    async def by_code(self, code_hash: str) -> tuple[str, list[Fact]] | None:
        with translated():
            found = await self._collection.find({"code_hash": code_hash}).to_list(None)
        return (found[0]["_id"].rpartition(":")[0], _facts(found)) if found else None


def _plain(event_id: str) -> str:
    """Event ids of ours are short and plain; whatever else comes may be of any length."""
    return event_id if event_id.isalnum() and len(event_id) < 100 else hashlib.sha256(event_id.encode()).hexdigest()


def _facts(documents: list[Document]) -> list[Fact]:
    return [Fact(event_id=one["event_id"], type=one["type"], at=one["at"], data=one["data"]) for one in documents]
