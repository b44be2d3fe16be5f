"""Accepting a text: one receipt per key, contact data into the vault alone."""

from __future__ import annotations

import asyncio

import pytest

from intake_web.adapters.identities import UlidIdentities
from intake_web.adapters.pack_places import PackPlaces
from intake_web.handlers import accept as accepting
from intake_web.handlers.accept import Accept
from shared.contracts.submissions import TextSubmission
from shared.errors import Conflict, InvalidInput, Unavailable
from shared.receipts import Receipts
from tests.support.clock import FrozenClock
from tests.support.intake import KEY, PLACES, WEB, FakeContacts, FakeSuggestions


class Desk:
    def __init__(self) -> None:
        self.suggestions = FakeSuggestions()
        self.contacts = FakeContacts()
        self.receipts = Receipts(KEY)
        self.accept = Accept(
            self.suggestions,
            self.contacts,
            self.receipts,
            PackPlaces(PLACES(), ()),
            UlidIdentities(),
            FrozenClock(),
            web_url=WEB,
        )


@pytest.fixture
def desk() -> Desk:
    return Desk()


def submission(**fields: object) -> TextSubmission:
    return TextSubmission.model_validate({"text": "建议在文昌街小学门前增设红绿灯。", **fields})


async def test_the_receipt_leads_to_the_suggestion_it_was_issued_for(desk: Desk) -> None:
    receipt = await desk.accept(submission(), key=None, language="zh-CN")
    token = receipt.tracking_url.removeprefix(f"{WEB}/t/")
    assert desk.receipts.suggestion_of(token) == receipt.suggestion_id
    [accepted] = desk.suggestions.accepted
    assert accepted.code_hash == desk.receipts.code_hash(receipt.query_code)
    assert accepted.event.type_name == "suggestion.submitted.v1"


async def test_the_same_key_and_body_give_the_same_receipt_and_one_event(desk: Desk) -> None:
    first = await desk.accept(submission(), key="abc", language="zh-CN")
    again = await desk.accept(submission(), key="abc", language="zh-CN")
    assert again == first
    assert len(desk.suggestions.accepted) == 1


async def test_the_same_key_with_another_body_is_refused(desk: Desk) -> None:
    await desk.accept(submission(), key="abc", language="zh-CN")
    with pytest.raises(Conflict) as refused:
        await desk.accept(submission(text="另一件事"), key="abc", language="zh-CN")
    assert refused.value.code == "idempotency-key-reused"


async def test_without_a_key_two_equal_texts_are_two_suggestions(desk: Desk) -> None:
    receipts = [await desk.accept(submission(), key=None, language="zh-CN") for _ in range(2)]
    assert receipts[0].suggestion_id != receipts[1].suggestion_id


@pytest.mark.parametrize("key", ["", "k" * 201, "钥匙", "a\tb", "a\x7f"])
async def test_a_key_outside_the_grammar_is_refused(desk: Desk, key: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await desk.accept(submission(), key=key, language="zh-CN")
    assert refused.value.code == "bad-idempotency-key"


async def test_contact_data_goes_into_the_vault_with_link_and_code_and_not_into_the_event(desk: Desk) -> None:
    given = {"name": "李明", "phone": "13800001234", "email": "li@example.org"}
    receipt = await desk.accept(submission(contact=given, identity="sealed"), key=None, language="en")
    [accepted] = desk.suggestions.accepted
    said = accepted.event.model_dump_json()
    assert not [value for value in given.values() if value in said]
    assert accepted.event.contact_id is not None
    assert desk.contacts.kept[accepted.event.contact_id] == {
        **given,
        "language": "en",
        "tracking_url": receipt.tracking_url,
        "query_code": receipt.query_code,
    }


async def test_a_repeat_with_contact_leaves_one_contact(desk: Desk) -> None:
    for _ in range(3):
        await desk.accept(submission(contact={"email": "li@example.org"}), key="abc", language="zh-CN")
    assert len(desk.contacts.kept) == 1


async def test_the_loser_of_two_simultaneous_sends_leaves_no_contact_behind(desk: Desk) -> None:
    sends = [desk.accept(submission(contact={"phone": "110"}), key="k", language="zh-CN") for _ in range(5)]
    receipts = await asyncio.gather(*sends)
    assert len({receipt.suggestion_id for receipt in receipts}) == 1
    assert len(desk.contacts.kept) == 1


async def test_an_empty_contact_is_no_contact(desk: Desk) -> None:
    await desk.accept(submission(contact={"language": "zh-CN"}), key=None, language="zh-CN")
    assert desk.suggestions.accepted[0].event.contact_id is None
    assert not desk.contacts.kept


@pytest.mark.parametrize("town", ["chengzhong", "城中街道", "城中办事处", " Chengzhong Subdistrict "])
async def test_a_town_by_id_name_or_alias_is_kept_as_its_id(desk: Desk, town: str) -> None:
    await desk.accept(submission(place={"town": town}), key=None, language="zh-CN")
    event = desk.suggestions.accepted[0].event
    assert event.place is not None
    assert event.place.town == "chengzhong"


async def test_an_unknown_town_is_refused_at_its_place(desk: Desk) -> None:
    with pytest.raises(InvalidInput) as refused:
        await desk.accept(submission(place={"town": "火星镇"}), key=None, language="zh-CN")
    assert (refused.value.code, refused.value.pointer) == ("unknown-town", "/place/town")
    assert not desk.suggestions.accepted


async def test_a_collector_at_a_known_point_is_a_channel_of_its_own(desk: Desk) -> None:
    for fields in (
        {"on_behalf": True, "collection_point_id": "cp-wenchang"},
        {"on_behalf": True, "collection_point_id": "cp-nowhere"},
        {"collection_point_id": "cp-wenchang"},
    ):
        await desk.accept(submission(**fields), key=None, language="zh-CN")
    assert [one.channel for one in desk.suggestions.accepted] == ["collector", "web", "web"]


async def test_a_frozen_database_is_said_and_not_waited_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accepting, "PATIENCE_S", 0.01)
    desk.suggestions.frozen = True
    with pytest.raises(Unavailable):
        await desk.accept(submission(), key=None, language="zh-CN")
