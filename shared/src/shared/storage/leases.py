"""Jobs as documents: claimed by a bounded find and a conditional update, fenced, finished only by the holder.

A job document has `state`, `next_at` (when it may be claimed; while leased, when the lease ends) and `fence`
(how often it was claimed). A zombie that wakes after its lease was taken over finds another fence and can't write.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from shared.clock import Clock
from shared.storage.mongo import Collection, Document, translated


class Leases:
    """Claims over one collection; `ready` names the states that may be claimed, `working` the state while leased."""

    def __init__(self, collection: Collection, clock: Clock, *, waiting: str, working: str) -> None:
        self._collection = collection
        self._clock = clock
        self._waiting = waiting
        self._working = working

    async def ensure_indexes(self, *prefix: str) -> None:
        """Index for the claims: equality fields, then state and time."""
        keys = [(field, 1) for field in (*prefix, "state", "next_at")]
        with translated():
            await self._collection.create_index(keys)

    async def claim(self, where: Mapping[str, Any], *, lease: timedelta, among: int = 8) -> Document | None:
        """The oldest job that is due (waiting, or leased to one who let the lease run out), now ours; else None."""
        now = self._clock.now()
        for state in (self._waiting, self._working):
            with translated():
                cursor = self._collection.find({**where, "state": state, "next_at": {"$lte": now}})
                candidates = await cursor.sort("next_at", 1).limit(among).to_list(among)
            for job in candidates:
                until = now + lease
                with translated():
                    result = await self._collection.update_one(
                        {"_id": job["_id"], "state": state, "fence": job["fence"]},
                        {"$set": {"state": self._working, "next_at": until}, "$inc": {"fence": 1}},
                    )
                if result.modified_count == 1:
                    return {**job, "state": self._working, "next_at": until, "fence": job["fence"] + 1}
        return None

    async def renew(self, job: Document, *, lease: timedelta) -> bool:
        """Keep the job; False when it was taken over."""
        with translated():
            result = await self._collection.update_one(
                {"_id": job["_id"], "state": self._working, "fence": job["fence"]},
                {"$set": {"next_at": self._clock.now() + lease}},
            )
        return result.matched_count == 1

    async def finish(self, job: Document, update: Mapping[str, Mapping[str, Any]]) -> bool:
        """Write the result where the fence still matches; False when it was taken over (write nothing then)."""
        with translated():
            result = await self._collection.update_one(
                {"_id": job["_id"], "state": self._working, "fence": job["fence"]}, dict(update)
            )
        return result.matched_count == 1
