"""A lease held by one process at a time: a small document with a holder and an end."""

from __future__ import annotations

from datetime import timedelta

from shared.clock import Clock
from shared.storage.mongo import Collection, DuplicateKey, translated


class MongoLease:
    """Fulfils `ports.lease.Lease`. Whoever holds it may still be overtaken: writes must be conditional all the same."""

    def __init__(self, collection: Collection, name: str, holder: str, clock: Clock, *, lasts: timedelta) -> None:
        self._collection = collection
        self._name = name
        self._holder = holder
        self._clock = clock
        self._lasts = lasts

    async def hold(self) -> bool:
        """Renew ours, or take one that has ended; False while another holds it."""
        now = self._clock.now()
        ours = {"holder": self._holder, "until": now + self._lasts}
        with translated():
            for condition in ({"holder": self._holder}, {"until": {"$lte": now}}):
                result = await self._collection.update_one({"_id": self._name, **condition}, {"$set": ours})
                if result.matched_count == 1:
                    return True
            try:
                await self._collection.insert_one({"_id": self._name, **ours})
            except DuplicateKey:
                return False
        return True
