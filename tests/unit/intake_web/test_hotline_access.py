"""Hotlines and their keys: shown once, kept as hashes, rotated with overlap, revoked at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from intake_web.domain.hotline_access import hash_of
from intake_web.handlers.hotline_door import HotlineDoor
from intake_web.handlers.hotline_keys import HotlineKeys
from shared.errors import Conflict, InvalidInput, NotFound, Unavailable
from tests.support.clock import FrozenClock
from tests.support.intake import FakeHotlines


class FakeKafka:
    """Users and passwords; away when told so."""

    def __init__(self) -> None:
        self.users: dict[str, str] = {}
        self.away = False

    def user(self, name: str) -> str:
        return f"hotline-{name}"

    async def admit(self, name: str, password: str) -> None:
        if self.away:
            raise Unavailable("the broker does not answer")
        self.users[self.user(name)] = password

    async def dismiss(self, name: str) -> None:
        if self.away:
            raise Unavailable("the broker does not answer")
        self.users.pop(self.user(name), None)


class Desk:
    """An operator's tools over fakes."""

    def __init__(self) -> None:
        self.clock = FrozenClock()
        self.stored = FakeHotlines()
        self.kafka = FakeKafka()
        self.keys = HotlineKeys(self.stored, self.kafka, self.clock, by="operator")
        self.door = HotlineDoor({"12345": "from-the-settings"}, self.stored, self.clock)


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_a_new_hotline_gets_a_token_of_256_bits_that_is_kept_as_a_hash_only(desk: Desk) -> None:
    keys = await desk.keys.add("lingang")
    assert len(keys.token) >= 43  # 32 bytes in base64
    assert await desk.door.holder(keys.token) == "lingang"
    assert keys.token not in repr(desk.stored.kept)
    assert hash_of(keys.token) in repr(desk.stored.kept)
    assert desk.kafka.users == {"hotline-lingang": keys.kafka_password}


async def test_a_wrong_or_empty_token_opens_nothing(desk: Desk) -> None:
    await desk.keys.add("lingang")
    for token in ("", "wrong", hash_of("wrong")):
        assert await desk.door.holder(token) is None


async def test_a_token_of_the_settings_still_opens_the_door(desk: Desk) -> None:
    assert await desk.door.holder("from-the-settings") == "12345"


@pytest.mark.parametrize("name", ["", "Großes", "has space", "-a", "a-", "a" * 65, "a/b", "a\n"])
async def test_a_name_that_could_not_be_a_kafka_user_is_refused(desk: Desk, name: str) -> None:
    with pytest.raises(InvalidInput):
        await desk.keys.add(name)
    assert desk.kafka.users == {}


async def test_adding_twice_is_refused_and_leaves_the_first_keys_alone(desk: Desk) -> None:
    first = await desk.keys.add("lingang")
    with pytest.raises(Conflict):
        await desk.keys.add("lingang")
    assert await desk.door.holder(first.token) == "lingang"
    assert desk.kafka.users == {"hotline-lingang": first.kafka_password}


async def test_after_a_rotation_both_tokens_are_good_until_the_overlap_ends(desk: Desk) -> None:
    old = (await desk.keys.add("lingang")).token
    new = (await desk.keys.rotate("lingang", overlap=timedelta(hours=1), kafka=False)).token
    assert [await desk.door.holder(token) for token in (old, new)] == ["lingang", "lingang"]
    await desk.clock.sleep(3600)
    assert [await desk.door.holder(token) for token in (old, new)] == [None, "lingang"]


async def test_a_second_rotation_never_lengthens_the_life_of_an_old_token(desk: Desk) -> None:
    old = (await desk.keys.add("lingang")).token
    await desk.keys.rotate("lingang", overlap=timedelta(hours=1), kafka=False)
    await desk.keys.rotate("lingang", overlap=timedelta(hours=9), kafka=False)
    await desk.clock.sleep(3600)
    assert await desk.door.holder(old) is None


async def test_only_a_rotation_that_says_so_changes_the_kafka_password(desk: Desk) -> None:
    first = await desk.keys.add("lingang")
    kept = await desk.keys.rotate("lingang", overlap=timedelta(0), kafka=False)
    assert (kept.kafka_password, desk.kafka.users) == (None, {"hotline-lingang": first.kafka_password})
    changed = await desk.keys.rotate("lingang", overlap=timedelta(0), kafka=True)
    assert desk.kafka.users == {"hotline-lingang": changed.kafka_password}
    assert changed.kafka_password != first.kafka_password


async def test_a_revoked_hotline_is_shut_out_at_once_everywhere_but_what_it_sent_still_counts(desk: Desk) -> None:
    token = (await desk.keys.add("lingang")).token
    assert await desk.door.holder(token) == "lingang"
    await desk.keys.revoke("lingang")
    assert await desk.door.holder(token) is None
    assert desk.kafka.users == {}
    assert await desk.door.knows("lingang")


async def test_a_revocation_cut_short_is_finished_by_the_next_one(desk: Desk) -> None:
    token = (await desk.keys.add("lingang")).token
    desk.kafka.away = True
    with pytest.raises(Unavailable):
        await desk.keys.revoke("lingang")
    assert await desk.door.holder(token) is None  # the door does not wait for the broker
    desk.kafka.away = False
    await desk.keys.revoke("lingang")
    assert desk.kafka.users == {}


async def test_nothing_is_kept_of_an_admission_that_the_broker_refused(desk: Desk) -> None:
    desk.kafka.away = True
    with pytest.raises(Unavailable):
        await desk.keys.add("lingang")
    assert await desk.keys.listed() == []


async def test_a_hotline_let_in_again_gets_new_keys_and_keeps_its_history(desk: Desk) -> None:
    old = (await desk.keys.add("lingang")).token
    await desk.keys.revoke("lingang")
    new = (await desk.keys.add("lingang")).token
    assert [await desk.door.holder(token) for token in (old, new)] == [None, "lingang"]
    history = [(entry.action, entry.by) for entry in (await desk.keys.listed())[0].history]
    assert history == [("added", "operator"), ("revoked", "operator"), ("added", "operator")]


async def test_rotating_or_revoking_what_is_not_in_is_refused(desk: Desk) -> None:
    with pytest.raises(NotFound):
        await desk.keys.rotate("nobody", overlap=timedelta(0), kafka=False)
    with pytest.raises(NotFound):
        await desk.keys.revoke("nobody")


async def test_on_an_open_broker_only_the_token_is_made() -> None:
    keys = HotlineKeys(FakeHotlines(), None, FrozenClock(), by="operator")
    made = await keys.add("lingang")
    assert (made.kafka_user, made.kafka_password) == (None, None)
    await keys.revoke("lingang")
