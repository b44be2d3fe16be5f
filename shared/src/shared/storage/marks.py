"""How far a consumer group has come, kept outside the broker, so that a log that lost its tail is noticed.

A committed offset alone can't tell: once new records fill the gap, the group skips them in silence. So the offset
*and* the broker's time stamp of the last handled record are kept, and compared with what the log says.
"""

from __future__ import annotations

from collections.abc import Mapping

from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo import ReplaceOne

from shared.contracts.marks import Mark, Place
from shared.storage.mongo import Document, translated

MARKS = "log_marks"
"""The collection of every service that consumes: `minsheng events republish` heals it by this name."""
_LOST = "lost:"


class MarkStore:
    """One small document per partition, and one per loss until an operator has healed it."""

    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        self._collection = database[MARKS]

    async def load(self) -> dict[Place, Mark]:
        """All marks of this service."""
        with translated():
            documents = await self._collection.find({"offset": {"$gte": 0}}).to_list(None)
        return {
            (one["topic"], one["partition"]): Mark(offset=one["offset"], timestamp_ms=one["timestamp_ms"])
            for one in documents
        }

    async def save(self, marks: Mapping[Place, Mark]) -> None:
        """Keep the given marks."""
        if not marks:
            return
        writes = []
        for (topic, partition), mark in marks.items():
            key = f"{topic}/{partition}"
            fields = {"topic": topic, "partition": partition, "offset": mark.offset, "timestamp_ms": mark.timestamp_ms}
            writes.append(ReplaceOne({"_id": key}, {"_id": key, **fields}, upsert=True))
        with translated():
            await self._collection.bulk_write(writes, ordered=False)

    async def note_loss(self, topic: str, reason: str) -> None:
        """Remember a loss until `heal`, over restarts."""
        with translated():
            await self._collection.replace_one(
                {"_id": _LOST + topic}, {"_id": _LOST + topic, "topic": topic, "reason": reason}, upsert=True
            )

    async def losses(self) -> list[str]:
        """Reasons of the losses not yet healed."""
        with translated():
            found = await self._collection.find({"_id": {"$gte": _LOST, "$lt": _LOST + "\uffff"}}).to_list(None)
        return [one["reason"] for one in found]

    async def heal(self) -> int:
        """Forget the losses; called when the topics were refilled from the stores."""
        with translated():
            result = await self._collection.delete_many({"_id": {"$gte": _LOST, "$lt": _LOST + "\uffff"}})
        return int(result.deleted_count)
