"""Accepting a recording: one write, the same receipt for the same key, and nothing left over."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest

from intake_media.domain.media import MediaInfo
from intake_media.handlers.accept import Accept
from intake_media.handlers.incoming import Incoming
from intake_media.handlers.inspection import REFUSALS
from shared.contracts.recordings import RecordingReceived
from shared.contracts.submissions import Submission
from shared.errors import Conflict, InvalidInput, PermanentError, StorageFull, Unavailable
from shared.receipts import Receipts
from tests.support.clock import FrozenClock
from tests.support.media_stores import NOTE, FakeContacts, FakeOriginals, FakeProbe, FakeRecordings, Row

RECEIPTS = Receipts(base64.b64encode(b"r" * 32).decode())


class Counter:
    """The use case with fakes around it."""

    def __init__(self, folder: Path, probe: FakeProbe | None = None) -> None:
        self.file = folder / "file"
        self.file.write_bytes(b"sound")
        self.recordings = FakeRecordings()
        self.originals = FakeOriginals()
        self.contacts = FakeContacts()
        self.accept = Accept(
            recordings=self.recordings,
            originals=self.originals,
            contacts=self.contacts,
            probe=probe or FakeProbe(),
            receipts=RECEIPTS,
            towns={"chengzhong": "chengzhong", "城中街道": "chengzhong"},
            clock=FrozenClock(),
            public_web_url="https://web.example/",
        )

    def incoming(self, *, key: str | None = None, sha256: str = "ab", size: int = 5, **submission: Any) -> Incoming:
        return Incoming(
            channel="voice",
            submission=Submission.model_validate(submission),
            path=self.file,
            size_bytes=size,
            sha256=sha256,
            key=key,
            language="zh-CN",
        )


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    return Counter(tmp_path)


async def test_a_recording_is_kept_with_its_event_and_answered_with_a_receipt(counter: Counter) -> None:
    receipt = await counter.accept(counter.incoming(place={"town": "城中街道"}, text="桥头"))
    [row] = counter.recordings.rows.values()
    assert row.recording.suggestion_id == receipt.suggestion_id
    assert row.recording.place is not None
    assert row.recording.place.town == "chengzhong"
    assert row.recording.written == "桥头"
    [event] = row.events
    assert isinstance(event, RecordingReceived)
    assert event.media.uri in counter.originals.held
    assert receipt.tracking_url == f"https://web.example/t/{RECEIPTS.token(receipt.suggestion_id)}"


async def test_the_same_key_and_body_give_the_same_receipt_and_one_recording(counter: Counter) -> None:
    first = await counter.accept(counter.incoming(key="k"))
    assert await counter.accept(counter.incoming(key="k")) == first
    assert len(counter.recordings.rows) == 1
    assert len(counter.originals.held) == 1


@pytest.mark.parametrize("other", [{"sha256": "cd"}, {"text": "另有"}])
async def test_the_same_key_with_another_body_is_refused(counter: Counter, other: dict[str, str]) -> None:
    await counter.accept(counter.incoming(key="k"))
    with pytest.raises(Conflict) as caught:
        await counter.accept(counter.incoming(key="k", **other))
    assert caught.value.code == "idempotency-key-reused"


@pytest.mark.parametrize("key", ["", "x" * 201, "中文", "a\nb"])
async def test_a_key_outside_its_grammar_is_refused(counter: Counter, key: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        await counter.accept(counter.incoming(key=key))
    assert caught.value.code == "bad-idempotency-key"


async def test_the_loser_of_two_simultaneous_sends_gets_the_winners_receipt_and_leaves_nothing(
    counter: Counter, tmp_path: Path
) -> None:
    contact = {"email": "li@example.org"}
    other = Counter(tmp_path)
    await other.accept(other.incoming(key="k", contact=contact))
    [winner] = other.recordings.rows.values()
    counter.recordings.beaten_by = Row(winner.recording, winner.identity, winner.body_hash, ())
    receipt = await counter.accept(counter.incoming(key="k", contact=contact))
    assert receipt.suggestion_id == winner.recording.suggestion_id
    assert counter.originals.held == {}
    assert counter.contacts.held == {}


async def test_contact_data_goes_into_the_vault_with_what_notices_repeat_and_nowhere_else(counter: Counter) -> None:
    receipt = await counter.accept(counter.incoming(contact={"name": "李明", "phone": "13900001111"}))
    [(contact_id, held)] = counter.contacts.held.items()
    assert held == {
        "name": "李明",
        "phone": "13900001111",
        "email": None,
        "language": "zh-CN",
        "tracking_url": receipt.tracking_url,
        "query_code": receipt.query_code,
    }
    [row] = counter.recordings.rows.values()
    assert row.recording.contact_id == contact_id
    assert "13900001111" not in row.recording.model_dump_json() + row.events[0].model_dump_json()


@pytest.mark.parametrize("code", ["not-media", "damaged", "unsupported-format"])
async def test_what_the_probe_refuses_is_refused_in_words_and_not_kept(tmp_path: Path, code: str) -> None:
    counter = Counter(tmp_path, FakeProbe(code=code))
    with pytest.raises(PermanentError) as caught:
        await counter.accept(counter.incoming())
    assert (caught.value.code, str(caught.value), caught.value.pointer) == (code, REFUSALS[code], "/file")
    assert counter.originals.held == {}
    assert counter.recordings.rows == {}


@pytest.mark.parametrize(
    ("info", "code"),
    [
        (NOTE.model_copy(update={"duration_s": 601.0}), "too-long"),
        (NOTE.model_copy(update={"duration_s": 0.1}), "too-short"),
        (MediaInfo(container="mov", duration_s=5.0), "no-audio-track"),
    ],
)
async def test_too_long_too_short_and_silent_by_construction_are_refused(
    tmp_path: Path, info: MediaInfo, code: str
) -> None:
    counter = Counter(tmp_path, FakeProbe(info))
    with pytest.raises(PermanentError) as caught:
        await counter.accept(counter.incoming())
    assert caught.value.code == code


async def test_an_empty_file_is_refused_without_a_look_into_it(counter: Counter) -> None:
    with pytest.raises(PermanentError) as caught:
        await counter.accept(counter.incoming(size=0))
    assert (caught.value.code, str(caught.value)) == ("not-media", REFUSALS["empty"])


async def test_an_unknown_town_is_refused_by_its_place(counter: Counter) -> None:
    with pytest.raises(InvalidInput) as caught:
        await counter.accept(counter.incoming(place={"town": "火星镇"}))
    assert (caught.value.code, caught.value.pointer) == ("unknown-town", "/place/town")


async def test_a_full_store_is_said_and_nothing_is_accepted(counter: Counter) -> None:
    counter.originals.fail_next = StorageFull()
    with pytest.raises(StorageFull):
        await counter.accept(counter.incoming())
    assert counter.recordings.rows == {}


async def test_a_database_that_hangs_is_given_up_in_time(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    async def for_ever(*_: Any, **__: Any) -> bool:
        await asyncio.Event().wait()
        return True

    monkeypatch.setattr("intake_media.handlers.accept.PATIENCE_S", 0.01)
    monkeypatch.setattr(counter.recordings, "insert", for_ever)
    with pytest.raises(Unavailable):
        await counter.accept(counter.incoming())


async def test_a_receipt_can_be_asked_for_by_its_key(counter: Counter) -> None:
    assert await counter.accept.receipt_for("k") is None
    receipt = await counter.accept(counter.incoming(key="k"))
    assert await counter.accept.receipt_for("k") == receipt
