"""What the events of a recording say, in which order, for every way that it can end."""

from __future__ import annotations

import pytest

from intake_media.domain.recording_events import of_hotline, outcome_events, received_event, text_of
from intake_media.domain.transcript import Transcript, unusable
from shared.contracts.recordings import RecordingReceived, RecordingTranscribed, RecordingUnusable
from shared.contracts.suggestions import TEXT_MAX, Place, SuggestionSubmitted
from tests.support.media_stores import recording_of

HEARD = Transcript(verdict="clear", text="路灯坏了。", duration_s=6.0, engine="faster-whisper", model="base")


@pytest.mark.parametrize("verdict", ["clear", "doubtful", "no-speech", "unusable"])
def test_every_verdict_ends_in_a_suggestion_first_and_then_in_what_became_of_the_recording(verdict: str) -> None:
    submitted, after = outcome_events(recording_of(), Transcript.model_validate({"verdict": verdict}))
    assert isinstance(submitted, SuggestionSubmitted)
    assert submitted.transcript is not None
    assert submitted.transcript.verdict == verdict
    expected = RecordingUnusable if verdict == "unusable" else RecordingTranscribed
    assert isinstance(after, expected)
    assert after.suggestion_id == submitted.suggestion_id


def test_nothing_heard_and_nothing_written_is_an_empty_text() -> None:
    submitted, _ = outcome_events(recording_of(), Transcript(verdict="no-speech"))
    assert isinstance(submitted, SuggestionSubmitted)
    assert submitted.text == ""


@pytest.mark.parametrize(
    ("written", "heard", "text"),
    [
        ("在东门。", "路灯坏了。", "在东门。\n路灯坏了。"),
        (None, "路灯坏了。", "路灯坏了。"),
        ("在东门。 ", "", "在东门。"),
        ("字" * TEXT_MAX, "路灯坏了。", "字" * TEXT_MAX),
    ],
)
def test_what_was_written_comes_first_then_what_was_heard(written: str | None, heard: str, text: str) -> None:
    assert text_of(recording_of(written=written), Transcript(verdict="clear", text=heard)) == text


def test_the_suggestion_carries_place_collection_and_contact_but_nothing_of_the_person() -> None:
    recording = recording_of(
        place=Place(town="chengzhong"), contact_id="contact-1", identity="sealed", collection_point_id="p1"
    )
    submitted, _ = outcome_events(recording, HEARD)
    assert isinstance(submitted, SuggestionSubmitted)
    said = submitted.model_dump(exclude_none=True)
    assert said["place"] == {"town": "chengzhong"}
    assert (said["contact_id"], said["identity"], said["collection_point_id"]) == ("contact-1", "sealed", "p1")
    assert "contact" not in said


def test_the_length_in_the_claim_check_is_the_decoded_one_where_the_container_claimed_none() -> None:
    submitted, _ = outcome_events(recording_of(), HEARD)
    assert isinstance(submitted, SuggestionSubmitted)
    assert submitted.media[0].duration_s == 6.0


def test_a_hotline_recording_waits_with_the_voices_and_ends_on_the_hotline_channel() -> None:
    announced = RecordingReceived.model_validate(
        {
            **received_event(recording_of(place=Place(text="桥头"))).model_dump(),
            "channel": "hotline",
            "source": "12345",
            "external_id": "W1",
            "nature": "建议",
            "contact_id": "contact-2",
        }
    )
    recording = of_hotline(announced)
    assert recording.lane == "voice"
    submitted, _ = outcome_events(recording, unusable("hash-mismatch"))
    assert isinstance(submitted, SuggestionSubmitted)
    assert (submitted.channel, submitted.source, submitted.external_id) == ("hotline", "12345", "W1")
    assert submitted.place == Place(text="桥头")
    assert submitted.transcript is not None
    assert submitted.transcript.reasons == ["hash-mismatch"]
