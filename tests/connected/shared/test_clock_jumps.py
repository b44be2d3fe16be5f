"""The machine's clock jumps by an hour in the middle of a lease: nothing is lost, nothing is written twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ulid import ULID

from shared.contracts.suggestions import SuggestionSubmitted
from shared.storage.leases import Leases
from shared.storage.mongo import Mongo
from shared.storage.outbox import entry, new_fields, pending_of
from shared.storage.outbox_store import OutboxStore
from tests.support.clock import FrozenClock

pytestmark = pytest.mark.connected
LEASE = timedelta(seconds=60)
HOUR = 3600


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
async def test_a_job_under_way_is_finished_once_whichever_way_the_clock_jumps(mongo: Mongo, jump: int) -> None:
    """Row 34: the fence decides, not the time."""
    clock, collection = FrozenClock(), mongo.database("media")["recordings"]
    leases = Leases(collection, clock, waiting="waiting", working="working")
    await leases.ensure_indexes()
    await collection.insert_one({"_id": "r", "state": "waiting", "next_at": clock.now(), "fence": 0})
    holder = await leases.claim({}, lease=LEASE)
    assert holder is not None
    clock.advance(jump)
    heir = await leases.claim({}, lease=LEASE)
    assert (heir is not None) == (jump > 0)
    done = [await leases.finish(one, {"$set": {"state": "done"}}) for one in (holder, heir) if one is not None]
    assert done.count(True) == 1
    assert (await collection.find_one({"_id": "r"}))["state"] == "done"


async def test_a_job_whose_holder_died_before_the_clock_went_back_is_taken_when_its_time_has_come(mongo: Mongo) -> None:
    """Row 34: late by the jump, never lost."""
    clock, collection = FrozenClock(), mongo.database("media")["recordings"]
    leases = Leases(collection, clock, waiting="waiting", working="working")
    await collection.insert_one({"_id": "r", "state": "waiting", "next_at": clock.now(), "fence": 0})
    assert await leases.claim({}, lease=LEASE) is not None
    clock.advance(-HOUR)
    assert await leases.claim({}, lease=LEASE) is None
    clock.advance(HOUR + LEASE.total_seconds() + 1)
    assert await leases.claim({}, lease=LEASE) is not None


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
async def test_an_outbox_entry_is_published_at_least_once_whichever_way_the_clock_jumps(
    mongo: Mongo, jump: int
) -> None:
    """Row 34: two relays may both send it (same event id); none is left behind."""
    clock, collection = FrozenClock(), mongo.database("web")["suggestions"]
    store, suggestion_id = OutboxStore(collection, clock), str(ULID())
    data = SuggestionSubmitted(suggestion_id=suggestion_id, channel="web", received_at=clock.now(), text="建议")
    document = {
        "_id": suggestion_id,
        **new_fields([entry(data, source="intake-web", at=clock.now())], now=clock.now()),
    }
    await collection.insert_one(document)
    clock.advance(jump)
    due = await store.due(limit=10)
    assert [one.document_id for one in due] == ([suggestion_id] if jump > 0 else [])
    await store.mark_published([pending_of(document)])  # by its writer, who had it in memory all the time
    await store.mark_published(due)
    clock.advance(2 * HOUR)
    assert await store.due(limit=10) == []
