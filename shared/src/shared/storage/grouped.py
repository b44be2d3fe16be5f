"""Inserts that are asked for at the same time travel together: one command and one journal flush for all of them.

While one group is on its way the next gathers, so a single insert never waits for company and a burst costs the
database a fraction. Each caller still hears only of its own document.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any

from pymongo.errors import BulkWriteError, DuplicateKeyError, OperationFailure, WriteConcernError

from shared.errors import MinshengError, Unavailable
from shared.storage.mongo import Collection, Document, translated

AT_MOST = 64
"""Documents of one group: far below the operation's time-out even on a busy server."""
_Waiting = tuple[Document, asyncio.Future[None]]


class GroupedInserts:
    """`insert_one` for many callers at once; documents bring their `_id`."""

    def __init__(self, collection: Collection, *, at_most: int = AT_MOST) -> None:
        self._collection = collection
        self._at_most = at_most
        self._waiting: deque[_Waiting] = deque()
        self._running: asyncio.Task[None] | None = None

    async def insert(self, document: Document) -> None:
        """Returns when the document is stored and journalled.

        Raises:
            DuplicateKey: this document's key is taken; others of its group are not touched by that.
            OutcomeUnknown: it may be stored or not; insert the same document again.
            Unavailable: it is not stored.
        """
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((document, stored))
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._drain())
        await stored

    async def _drain(self) -> None:
        while group := self._next():
            try:
                await self._insert(group)
            except Exception as error:
                _tell(group, error)
                if isinstance(error, MinshengError):  # the database is away: nobody queues for a second time-out
                    _tell(self._waiting, Unavailable(f"not sent, the insert before it failed: {error}"))
                    self._waiting.clear()
            except BaseException:
                _tell([*group, *self._waiting], Unavailable("the process is stopping"))
                raise

    def _next(self) -> list[_Waiting]:
        group: list[_Waiting] = []
        while self._waiting and len(group) < self._at_most:
            document, stored = self._waiting.popleft()
            if not stored.done():  # whoever gave up waiting before it was sent has not inserted
                group.append((document, stored))
        return group

    async def _insert(self, group: list[_Waiting]) -> None:
        refused: dict[int, OperationFailure] = {}
        with translated():
            if len(group) == 1:
                await self._collection.insert_one(group[0][0])
            else:
                try:
                    await self._collection.insert_many([document for document, _ in group], ordered=False)
                except BulkWriteError as error:
                    refused = _refused(error)
        for index, (_, stored) in enumerate(group):
            if stored.done():
                continue
            if index in refused:
                stored.set_exception(refused[index])
            else:
                stored.set_result(None)


def _refused(error: BulkWriteError) -> dict[int, OperationFailure]:
    """Which documents of a group were refused, and why."""
    details: dict[str, Any] = dict(error.details or {})
    if concerns := details.get("writeConcernErrors"):
        raise WriteConcernError(str(concerns[0].get("errmsg")), concerns[0].get("code"), concerns[0])
    kinds = {True: DuplicateKeyError, False: OperationFailure}
    return {
        one["index"]: kinds[one["code"] == 11000](str(one.get("errmsg")), one["code"], one)
        for one in details.get("writeErrors", [])
    }


def _tell(group: Sequence[_Waiting] | deque[_Waiting], error: Exception) -> None:
    for _, stored in group:
        if not stored.done():
            stored.set_exception(error)
