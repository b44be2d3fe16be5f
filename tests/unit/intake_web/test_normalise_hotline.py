"""A hotline's work order becomes our event once; its contact data goes into the vault alone."""

from __future__ import annotations

from typing import Any

import pytest

from intake_web.adapters.identities import UlidIdentities
from intake_web.adapters.pack_places import PackPlaces
from intake_web.domain.suggestion import Accepted
from intake_web.handlers.normalise_hotline import NormaliseHotline
from shared.contracts.hotline import HotlineSubmitted
from shared.errors import PermanentError
from shared.receipts import Receipts
from tests.support.intake import KEY, PLACES, WEB, FakeContacts, FakeRecordings, FakeSuggestions

SHA = "ab" * 32
OURS = f"{FakeRecordings.PREFIX}hotline/12345/a.wav"


class Desk:
    def __init__(self) -> None:
        self.suggestions = FakeSuggestions()
        self.contacts = FakeContacts()
        self.recordings = FakeRecordings()
        self.recordings.sizes["hotline/12345/a.wav"] = 9000
        places = PackPlaces(PLACES(), ("neighbour",))
        self.normalise = NormaliseHotline(
            self.suggestions, self.contacts, Receipts(KEY), places, UlidIdentities(), self.recordings, web_url=WEB
        )


@pytest.fixture
def desk() -> Desk:
    return Desk()


def order(**changes: Any) -> HotlineSubmitted:
    fields = {
        "source": "12345",
        "external_id": "WO-1",
        "received_at": "2026-11-24T09:30:00+08:00",
        "text": "建议增加9路公交的班次。",
        **changes,
    }
    return HotlineSubmitted.model_validate({name: value for name, value in fields.items() if value is not None})


async def refused(desk: Desk, work_order: HotlineSubmitted) -> str:
    with pytest.raises(PermanentError) as error:
        await desk.normalise(work_order, causation_id="E1")
    return error.value.code


async def test_the_event_names_its_source_and_what_caused_it(desk: Desk) -> None:
    done = await desk.normalise(order(nature="建议类", category_code="0101"), causation_id="E1")
    [accepted] = desk.suggestions.accepted
    assert accepted.causation_id == "E1"
    assert (done.event_id, done.suggestion_id) == (accepted.event_id, accepted.suggestion_id)
    said = accepted.event.model_dump(exclude_none=True)
    assert said["channel"] == "hotline"
    assert (said["source"], said["external_id"], said["nature"], said["category_code"]) == (
        "12345",
        "WO-1",
        "建议类",
        "0101",
    )
    assert accepted.key is None


async def test_the_same_work_order_again_is_the_same_submission(desk: Desk) -> None:
    first = await desk.normalise(order(), causation_id="E1")
    assert await desk.normalise(order(nature="投诉类"), causation_id="E2") == first
    assert len(desk.suggestions.accepted) == 1


async def test_another_text_under_the_same_number_is_a_conflict(desk: Desk) -> None:
    await desk.normalise(order(), causation_id="E1")
    assert await refused(desk, order(text="别的事情")) == "conflicting-repeat"


async def test_the_same_number_of_two_hotlines_is_two_submissions(desk: Desk) -> None:
    first = await desk.normalise(order(), causation_id=None)
    second = await desk.normalise(order(source="neighbour"), causation_id=None)
    assert first.suggestion_id != second.suggestion_id


async def test_an_unknown_source_is_refused(desk: Desk) -> None:
    assert await refused(desk, order(source="00000")) == "unknown-source"


async def test_an_unknown_town_is_refused(desk: Desk) -> None:
    assert await refused(desk, order(place={"town": "火星镇"})) == "unknown-town"


async def test_contact_data_moves_into_the_vault(desk: Desk) -> None:
    await desk.normalise(order(contact={"name": "王芳", "phone": "13900005678"}), causation_id="E1")
    [accepted] = desk.suggestions.accepted
    said = accepted.event.model_dump_json()
    assert "王芳" not in said
    assert "13900005678" not in said
    [contact] = desk.contacts.kept.values()
    assert contact["phone"] == "13900005678"
    assert contact["tracking_url"].startswith(f"{WEB}/t/")


async def test_a_crash_between_vault_and_insert_leaves_one_contact(desk: Desk) -> None:
    once = order(contact={"phone": "13900005678"})
    desk.suggestions.add = _dies
    with pytest.raises(ConnectionResetError):
        await desk.normalise(once, causation_id="E1")
    del desk.suggestions.add
    await desk.normalise(once, causation_id="E1")
    assert list(desk.contacts.kept) == [desk.suggestions.accepted[0].event.contact_id]


async def _dies(accepted: Accepted) -> bool:
    raise ConnectionResetError


async def test_a_recording_without_text_is_sent_to_be_transcribed_under_the_hotlines_own_key(desk: Desk) -> None:
    await desk.normalise(order(text=None, recording={"uri": OURS, "sha256": SHA}), causation_id="E1")
    [accepted] = desk.suggestions.accepted
    event = accepted.event
    assert event.type_name == "recording.received.v1"
    assert accepted.key == "12345:WO-1"
    assert event.media.size_bytes == 9000
    assert event.media.sha256 == SHA


async def test_a_text_with_a_recording_goes_on_with_the_recording_attached(desk: Desk) -> None:
    await desk.normalise(order(recording={"uri": OURS, "sha256": SHA}), causation_id="E1")
    event = desk.suggestions.accepted[0].event
    assert event.type_name == "suggestion.submitted.v1"
    assert [one.uri for one in event.media] == [OURS]


@pytest.mark.parametrize(
    "uri",
    [
        "https://elsewhere.example/a.wav",
        "file:///etc/passwd",
        f"{FakeRecordings.PREFIX}recordings/voice/a.wav",
        f"{FakeRecordings.PREFIX}hotline/xinzhi/a.wav",
        f"{FakeRecordings.PREFIX}hotline/12345/../../secret",
    ],
)
async def test_a_recording_anywhere_else_is_a_foreign_uri(desk: Desk, uri: str) -> None:
    assert await refused(desk, order(text=None, recording={"uri": uri, "sha256": SHA})) == "foreign-uri"


async def test_a_recording_that_is_not_there_is_refused(desk: Desk) -> None:
    missing = OURS.replace("a.wav", "b.wav")
    assert await refused(desk, order(text=None, recording={"uri": missing, "sha256": SHA})) == "not-found"


@pytest.mark.parametrize("moment", ["1969-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
async def test_a_hotlines_wild_clock_still_gives_an_id(desk: Desk, moment: str) -> None:
    done = await desk.normalise(order(received_at=moment), causation_id=None)
    assert len(done.suggestion_id) == 26
