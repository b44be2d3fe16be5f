"""Recordings of hotlines: only those become jobs here, each once."""

from __future__ import annotations

import pytest

from intake_media import subscribers
from intake_media.domain.recording_events import received_event
from intake_media.handlers.adopt import Adopt
from shared.contracts.envelope import Event
from shared.contracts.recordings import RecordingReceived
from shared.errors import Conflict
from tests.support.clock import FrozenClock
from tests.support.media_stores import FakeRecordings, recording_of


def event_of(channel: str, event_id: str = "E1") -> Event[RecordingReceived]:
    data = received_event(recording_of()).model_copy(update={"channel": channel})
    return Event(
        id=event_id,
        type="recording.received.v1",
        source="intake-web",
        subject=data.suggestion_id,
        time=FrozenClock().now(),
        data=data,
    )


async def test_a_hotline_recording_becomes_a_job_once_however_often_it_is_delivered() -> None:
    recordings = FakeRecordings()
    on_received = subscribers.build(Adopt(recordings))["recording.received.v1"]
    await on_received(event_of("hotline"))
    await on_received(event_of("hotline"))
    assert list(recordings.rows) == [recording_of().suggestion_id]


async def test_our_own_events_make_no_second_job() -> None:
    recordings = FakeRecordings()
    await subscribers.build(Adopt(recordings))["recording.received.v1"](event_of("voice"))
    assert recordings.rows == {}


async def test_another_recording_under_the_same_suggestion_is_refused() -> None:
    recordings = FakeRecordings()
    on_received = subscribers.build(Adopt(recordings))["recording.received.v1"]
    await on_received(event_of("hotline"))
    with pytest.raises(Conflict) as caught:
        await on_received(event_of("hotline", "E2"))
    assert caught.value.code == "conflicting-repeat"
