"""Inserts that travel together: what each caller hears when the database is slow, away or refuses."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pymongo.errors import BulkWriteError, NetworkTimeout

from shared.errors import OutcomeUnknown, Unavailable
from shared.storage.grouped import GroupedInserts
from shared.storage.mongo import DuplicateKey


class FakeCollection:
    """Keeps documents; waits at a gate, so that a test decides what gathers meanwhile."""

    def __init__(self) -> None:
        self.stored: dict[str, dict[str, Any]] = {}
        self.commands: list[int] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.failure: Exception | None = None

    async def insert_one(self, document: dict[str, Any]) -> None:
        await self._command(1)
        if document["_id"] in self.stored:
            raise DuplicateKey("E11000", 11000, {"keyPattern": {"_id": 1}})
        self.stored[document["_id"]] = document

    async def insert_many(self, documents: list[dict[str, Any]], *, ordered: bool) -> None:
        assert not ordered
        await self._command(len(documents))
        errors = []
        for index, document in enumerate(documents):
            if document["_id"] in self.stored:
                errors.append({"index": index, "code": 11000, "errmsg": "E11000", "keyPattern": {"_id": 1}})
            else:
                self.stored[document["_id"]] = document
        if errors:
            raise BulkWriteError({"writeErrors": errors, "writeConcernErrors": [], "nInserted": 0})

    async def _command(self, size: int) -> None:
        self.commands.append(size)
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure


async def outcome(inserts: GroupedInserts, identity: str) -> str:
    try:
        await inserts.insert({"_id": identity})
    except Exception as error:
        return type(error).__name__
    return "stored"


async def test_what_is_asked_for_meanwhile_goes_as_one_and_a_duplicate_is_told_only_to_its_own_caller() -> None:
    collection = FakeCollection()
    inserts = GroupedInserts(collection, at_most=50)
    collection.gate.clear()
    first = asyncio.create_task(outcome(inserts, "first"))
    await asyncio.sleep(0.01)
    rest = [asyncio.create_task(outcome(inserts, f"{number % 60}")) for number in range(80)]
    await asyncio.sleep(0.01)
    collection.gate.set()
    outcomes = await asyncio.gather(*rest)
    assert await first == "stored"
    assert outcomes[:60] == ["stored"] * 60
    assert outcomes[60:] == ["DuplicateKeyError"] * 20
    assert collection.commands == [1, 50, 30]


async def test_a_frozen_database_costs_one_time_out_not_one_per_group() -> None:
    collection = FakeCollection()
    inserts = GroupedInserts(collection)
    collection.gate.clear()
    collection.failure = NetworkTimeout("timed out")
    sent = asyncio.create_task(outcome(inserts, "sent"))
    await asyncio.sleep(0.01)
    queued = [asyncio.create_task(outcome(inserts, f"{number}")) for number in range(3)]
    await asyncio.sleep(0.01)
    collection.gate.set()
    assert await sent == OutcomeUnknown.__name__
    assert await asyncio.gather(*queued) == [Unavailable.__name__] * 3
    assert collection.commands == [1]
    collection.failure = None
    assert await outcome(inserts, "later") == "stored"


async def test_who_gave_up_before_it_was_sent_has_not_inserted() -> None:
    collection = FakeCollection()
    inserts = GroupedInserts(collection)
    collection.gate.clear()
    first = asyncio.create_task(outcome(inserts, "first"))
    await asyncio.sleep(0.01)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await inserts.insert({"_id": "gone"})
    collection.gate.set()
    assert await first == "stored"
    assert await outcome(inserts, "last") == "stored"
    assert set(collection.stored) == {"first", "last"}
