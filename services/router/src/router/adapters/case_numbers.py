"""Case numbers from one small counter document, taken in blocks so that the usual case asks nobody."""

from __future__ import annotations

import asyncio

from pymongo import ReturnDocument

from shared.errors import Unavailable
from shared.storage.mongo import Collection, DuplicateKey, translated

BLOCK = 50
"""A process that ends leaves at most this many numbers unused: gaps are normal and harmless."""


class MongoNumbers:
    """Fulfils `ports.cases.Numbers`; the counter is made before it is first used, since an upsert may race."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._left: dict[int, range] = {}
        self._lock = asyncio.Lock()

    async def take(self, year: int) -> int:
        """The next number of `year` in this process's block."""
        async with self._lock:
            left = self._left.get(year) or await self._block(year)
            self._left = {year: left[1:]}
            return left[0]

    async def _block(self, year: int) -> range:
        key = f"case-{year}"
        with translated():
            try:
                await self._collection.insert_one({"_id": key, "taken": 0})
            except DuplicateKey:  # the year has its counter
                pass
            counter = await self._collection.find_one_and_update(
                {"_id": key}, {"$inc": {"taken": BLOCK}}, return_document=ReturnDocument.AFTER
            )
        if counter is None:
            raise Unavailable("the counter of case numbers could not be read")
        return range(counter["taken"] - BLOCK + 1, counter["taken"] + 1)
