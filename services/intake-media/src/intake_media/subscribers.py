"""The Kafka edge: recordings that a hotline sent become jobs here; all else on the topic is no concern of ours."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from intake_media.domain.recording_events import of_hotline
from intake_media.handlers.adopt import Adopt
from shared.contracts.envelope import Event
from shared.contracts.recordings import RecordingReceived

TOPICS = ("recordings",)
Handlers = dict[str, Callable[[Event[RecordingReceived]], Awaitable[None]]]


def build(adopt: Adopt) -> Handlers:
    """Handlers by event type, for the delivery policy."""

    async def on_received(event: Event[RecordingReceived]) -> None:
        if event.data.channel == "hotline":
            await adopt(of_hotline(event.data), event_id=event.id, traceparent=event.traceparent)

    return {"recording.received.v1": on_received}
