"""Makes a job of a recording that another service accepted and announced."""

from __future__ import annotations

import structlog

from intake_media.domain.recording import Recording
from intake_media.ports.recordings import AnnouncedRecordings
from shared.errors import Conflict

_log = structlog.get_logger(__name__)


class Adopt:
    """The same event again changes nothing."""

    def __init__(self, recordings: AnnouncedRecordings) -> None:
        self._recordings = recordings

    async def __call__(self, recording: Recording, *, event_id: str, traceparent: str | None) -> None:
        """Conflict `conflicting-repeat` when the suggestion has a recording by another event already."""
        if not await self._recordings.insert_announced(recording, event_id=event_id, traceparent=traceparent):
            raise Conflict("this suggestion has another recording already", code="conflicting-repeat")
        _log.info("recording_adopted", recording_id=recording.recording_id, channel=recording.channel)
