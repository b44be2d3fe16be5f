"""Topic `recordings`: a stored voice or video file exists, and what becomes of it."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from shared.contracts.model import EventData, Moment
from shared.contracts.suggestions import MediaRef, Transcript


class RecordingReceived(EventData):
    """The bytes are safe in the blob store; transcription is to come."""

    type_name: ClassVar[str] = "recording.received.v1"

    recording_id: str
    channel: Literal["voice", "video", "hotline"]
    media: MediaRef
    received_at: Moment
    source: str | None = None
    external_id: str | None = None
    contact_id: str | None = None
    place: dict[str, str | float | None] | None = None
    nature: str | None = None
    category_code: str | None = None


class RecordingTranscribed(EventData):
    """The recording was heard; the text itself is in `suggestion.submitted.v1`."""

    type_name: ClassVar[str] = "recording.transcribed.v1"

    recording_id: str
    channel: Literal["voice", "video", "hotline"]
    media: MediaRef
    outcome: Transcript | None = None
    reasons: list[str] = Field(default_factory=list)


class RecordingCopied(EventData):
    """Copies for people exist (`audio` or `web-copy`, key frames), made once no recording waited for its text."""

    type_name: ClassVar[str] = "recording.copied.v1"

    recording_id: str
    channel: Literal["voice", "video", "hotline"]
    media: list[MediaRef]


class RecordingUnusable(EventData):
    """It could not be decoded; `reasons` say what was wrong, the original is kept."""

    type_name: ClassVar[str] = "recording.unusable.v1"

    recording_id: str
    channel: Literal["voice", "video", "hotline"]
    media: MediaRef
    reasons: list[str]
