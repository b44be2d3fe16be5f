"""Outbox, leases, vault and marks on the real database."""

from __future__ import annotations

import asyncio
import base64
from datetime import timedelta

import pytest
from ulid import ULID

from shared.contracts.marks import Mark
from shared.contracts.suggestions import SuggestionSubmitted
from shared.errors import PermanentError, TransientError
from shared.storage.leases import Leases
from shared.storage.marks import MarkStore
from shared.storage.mongo import RESIDENT_TIMEOUT_MS, DuplicateKey, Mongo, translated
from shared.storage.outbox import append_update, entry, merged, new_fields, pending_of
from shared.storage.outbox_store import OutboxStore
from shared.storage.vault import Vault
from tests.support.clock import FrozenClock

pytestmark = pytest.mark.connected


def submitted(clock: FrozenClock, suggestion_id: str) -> dict[str, object]:
    data = SuggestionSubmitted(
        suggestion_id=suggestion_id, channel="web", received_at=clock.now(), text="建议增加路灯。"
    )
    return entry(data, source="intake-web", at=clock.now())


async def test_a_fresh_document_is_leased_to_its_writer_and_found_by_others_only_later(mongo: Mongo) -> None:
    clock = FrozenClock()
    collection = mongo.database("web")["suggestions"]
    store = OutboxStore(collection, clock)
    await store.ensure_indexes()
    suggestion_id = str(ULID())
    await collection.insert_one(
        {"_id": suggestion_id, **new_fields([submitted(clock, suggestion_id)], now=clock.now())}
    )
    assert await store.due(limit=10) == []
    clock.advance(31)
    [pending] = await store.due(limit=10)
    assert pending.document_id == suggestion_id
    [claimed] = await store.claim([pending], until=clock.now() + timedelta(seconds=30))
    assert claimed.document_id == suggestion_id
    assert claimed.leased_until == clock.now() + timedelta(seconds=30)
    assert await store.claim([pending], until=clock.now() + timedelta(seconds=30)) == []


async def test_a_published_document_is_done_and_one_that_grew_meanwhile_stays_due(mongo: Mongo) -> None:
    clock = FrozenClock()
    collection = mongo.database("web")["suggestions"]
    store = OutboxStore(collection, clock)
    quiet, grown = str(ULID()), str(ULID())
    documents = []
    for suggestion_id in (quiet, grown):
        document = {"_id": suggestion_id, **new_fields([submitted(clock, suggestion_id)], now=clock.now())}
        await collection.insert_one(document)
        documents.append(document)
    second = submitted(clock, grown)
    await collection.update_one(
        {"_id": grown}, merged({"$inc": {"version": 1}}, append_update([second], now=clock.now()))
    )
    await store.mark_published([pending_of(document) for document in documents])
    clock.advance(1)
    [left] = await store.due(limit=10)
    assert left.document_id == grown
    assert [one["event_id"] for one in left.entries] == [second["event_id"]]


async def test_republishing_finds_every_event_since_a_moment(mongo: Mongo) -> None:
    clock = FrozenClock()
    collection = mongo.database("web")["suggestions"]
    store = OutboxStore(collection, clock)
    old = str(ULID())
    await collection.insert_one({"_id": old, **new_fields([submitted(clock, old)], now=clock.now())})
    clock.advance(3600)
    since = clock.now()
    new = str(ULID())
    await collection.insert_one({"_id": new, **new_fields([submitted(clock, new)], now=clock.now())})
    assert [document_id async for document_id, _ in store.since(since)] == [new]
    assert {document_id async for document_id, _ in store.since(since - timedelta(hours=2))} == {old, new}


async def test_a_job_is_claimed_by_one_of_many_and_fenced_after_its_lease(mongo: Mongo) -> None:
    """Row 11."""
    clock = FrozenClock()
    collection = mongo.database("media")["recordings"]
    leases = Leases(collection, clock, waiting="waiting", working="working")
    await leases.ensure_indexes("channel")
    for number in range(5):
        await collection.insert_one(
            {"_id": f"r{number}", "channel": "voice", "state": "waiting", "next_at": clock.now(), "fence": 0}
        )
    lease = timedelta(seconds=60)
    claims = await asyncio.gather(*(leases.claim({"channel": "voice"}, lease=lease) for _ in range(12)))
    while (more := await leases.claim({"channel": "voice"}, lease=lease)) is not None:
        claims.append(more)
    won = [claim["_id"] for claim in claims if claim]
    assert sorted(won) == [f"r{number}" for number in range(5)]
    assert await leases.claim({"channel": "video"}, lease=lease) is None

    zombie = next(claim for claim in claims if claim)
    clock.advance(61)
    heirs = [await leases.claim({"channel": "voice"}, lease=lease) for _ in range(5)]
    heir = next(claim for claim in heirs if claim and claim["_id"] == zombie["_id"])
    assert not await leases.finish(zombie, {"$set": {"state": "done", "by": "zombie"}})
    assert not await leases.renew(zombie, lease=lease)
    assert await leases.finish(heir, {"$set": {"state": "done", "by": "heir"}})
    assert (await collection.find_one({"_id": heir["_id"]}))["by"] == "heir"


async def test_the_vault_keeps_only_ciphertext_and_forgets_on_request(mongo: Mongo) -> None:
    key = base64.b64encode(b"v" * 32).decode()
    collection = mongo.database("vault")["contacts"]
    vault = Vault(collection, FrozenClock(), key=key)
    contact_id = await vault.put({"phone": "13900001234", "name": "王小明"})
    assert await vault.put({"phone": "other"}, contact_id=contact_id) == contact_id
    stored = await collection.find_one({"_id": contact_id})
    assert b"13900001234" not in bytes(stored["box"])
    assert await vault.get(contact_id) == {"phone": "13900001234", "name": "王小明"}
    with pytest.raises(PermanentError):
        await Vault(collection, FrozenClock(), key=base64.b64encode(b"x" * 32).decode()).get(contact_id)
    await vault.erase(contact_id)
    assert await vault.get(contact_id) is None


async def test_marks_are_kept_and_losses_stay_until_healed(mongo: Mongo) -> None:
    marks = MarkStore(mongo.database("router"))
    await marks.save({("suggestions", 3): Mark(41, 1000)})
    await marks.save({("suggestions", 3): Mark(42, 1001), ("cases", 0): Mark(7, 900)})
    await marks.note_loss("suggestions", "lost its tail")
    assert await marks.load() == {("suggestions", 3): Mark(42, 1001), ("cases", 0): Mark(7, 900)}
    assert await marks.losses() == ["lost its tail"]
    assert await marks.heal() == 1
    assert await marks.losses() == []


async def test_a_database_that_is_away_is_a_transient_error_within_two_seconds() -> None:
    nobody = Mongo("mongodb://127.0.0.1:9/?retryWrites=false", timeout_ms=RESIDENT_TIMEOUT_MS)
    started = asyncio.get_running_loop().time()
    with pytest.raises(TransientError), translated():
        await nobody.database("x")["y"].insert_one({"_id": 1})
    assert asyncio.get_running_loop().time() - started < 2.5
    assert await nobody.check() is not None


async def test_a_duplicate_key_passes_translation_as_it_is(mongo: Mongo) -> None:
    collection = mongo.database("x")["y"]
    await collection.insert_one({"_id": 1})
    with pytest.raises(DuplicateKey), translated():
        await collection.insert_one({"_id": 1})
