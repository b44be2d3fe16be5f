"""Grouped inserts and the front of a line, on the real database."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta

import pytest

from shared.storage.grouped import GroupedInserts
from shared.storage.line import LOOK_BACK_S, Line
from shared.storage.mongo import DuplicateKey, Mongo
from tests.support.clock import FrozenClock

pytestmark = pytest.mark.connected


async def test_a_taken_key_is_named_and_its_neighbours_are_stored(mongo: Mongo) -> None:
    collection = mongo.database("grouped")["things"]
    await collection.create_index("number", unique=True)
    inserts = GroupedInserts(collection)

    async def insert(number: int) -> dict[str, object] | None:
        try:
            await inserts.insert({"_id": f"{number}", "number": number % 40})
        except DuplicateKey as error:
            return dict(error.details or {})
        return None

    outcomes = await asyncio.gather(*[insert(number) for number in range(50)])
    refused = [one for one in outcomes if one is not None]
    assert [one["keyPattern"] for one in refused] == [{"number": 1}] * 10
    assert await collection.count_documents({}) == 40


async def test_a_line_is_worked_off_in_order_whatever_its_density_and_the_late_are_found(mongo: Mongo) -> None:
    clock, chance = FrozenClock(), random.Random(7)
    collection = mongo.database("line")["things"]
    await collection.create_index("at", sparse=True)
    now = clock.now()
    ages = [chance.choice((chance.uniform(0, 2), chance.uniform(0, 9_000), 500_000.0)) for _ in range(400)]
    moments = {f"{number}": now - timedelta(seconds=round(age, 3)) for number, age in enumerate(ages)}
    await collection.insert_many([{"_id": key, "at": at} for key, at in moments.items()])
    await collection.insert_one({"_id": "done"})
    await collection.insert_one({"_id": "future", "at": now + timedelta(seconds=60)})
    line = Line(collection, "at", clock)
    seen: list[str] = []
    while found := await line.front(now, limit=30, fields={"at": 1}):
        assert len(found) == min(30, 400 - len(seen))
        seen += [one["_id"] for one in found]
        await collection.update_many({"_id": {"$in": [one["_id"] for one in found]}}, {"$unset": {"at": ""}})
    assert [moments[key] for key in seen] == sorted(moments.values())
    await collection.insert_many([{"_id": f"new{n}", "at": now - timedelta(seconds=n)} for n in range(5)])
    assert len(await line.front(now, limit=3, fields={"at": 1})) == 3
    await collection.insert_one({"_id": "late", "at": now - timedelta(days=30)})
    clock.advance(LOOK_BACK_S + 1)
    assert (await line.front(now, limit=3, fields={"at": 1}))[0]["_id"] == "late"
