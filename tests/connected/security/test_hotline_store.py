"""The stored hotlines on the real database."""

from __future__ import annotations

from datetime import timedelta

import pytest

from intake_web.adapters.hotline_store import MongoHotlines
from intake_web.domain.hotline_access import HotlineAccess, hash_of
from intake_web.handlers.hotline_door import HotlineDoor
from intake_web.handlers.hotline_keys import HotlineKeys
from shared.clock import SystemClock
from shared.errors import Conflict
from shared.storage.mongo import Mongo

pytestmark = pytest.mark.connected


@pytest.fixture
async def store(mongo: Mongo) -> MongoHotlines:
    made = MongoHotlines(mongo.database("intake_web")["hotline_tokens"])
    await made.prepare()
    return made


async def test_both_tokens_of_a_rotation_are_found_by_their_hashes(store: MongoHotlines) -> None:
    keys = HotlineKeys(store, None, SystemClock(), by="operator")
    door = HotlineDoor({}, store, SystemClock())
    old = (await keys.add("lingang")).token
    await keys.add("other")
    new = (await keys.rotate("lingang", overlap=timedelta(hours=1), kafka=False)).token
    assert [await door.holder(token) for token in (old, new, "none")] == ["lingang", "lingang", None]
    await keys.revoke("lingang")
    assert [await door.holder(token) for token in (old, new)] == [None, None]
    assert await door.knows("lingang")
    assert [access.name for access in await keys.listed()] == ["lingang", "other"]


async def test_what_is_stored_holds_no_token(store: MongoHotlines, mongo: Mongo) -> None:
    token = (await HotlineKeys(store, None, SystemClock(), by="operator").add("lingang")).token
    document = await mongo.database("intake_web")["hotline_tokens"].find_one({"_id": "lingang"})
    assert token not in repr(document)
    assert hash_of(token) in repr(document)


async def test_of_two_changes_made_from_the_same_version_one_is_refused(store: MongoHotlines) -> None:
    now = SystemClock().now()
    first = HotlineAccess(name="lingang").given(hash_of("a"), now=now, by="one")
    await store.save(first)
    with pytest.raises(Conflict):
        await store.save(HotlineAccess(name="lingang").given(hash_of("b"), now=now, by="two"))
    await store.save(first.without_rights(now=now, by="one"))
    with pytest.raises(Conflict):
        await store.save(first.given(hash_of("c"), now=now, by="two"))
    kept = await store.by_name("lingang")
    assert kept is not None
    assert kept.revoked
