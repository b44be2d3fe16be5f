"""A recording from acceptance to outcome: what is kept of it, what a channel takes, which events tell of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from intake_media.domain.media import MediaInfo, MediaLimits
from intake_media.domain.transcript import Transcript
from shared.contracts.model import EventData, Moment
from shared.contracts.recordings import RecordingCopied, RecordingReceived, RecordingTranscribed, RecordingUnusable
from shared.contracts.suggestions import TEXT_MAX, CollectionKind, Identity, MediaRef, Place, SuggestionSubmitted

Lane = Literal["voice", "video"]
"""The queues that workers are scaled by; a hotline's recordings are voices."""
RecordingChannel = Literal["voice", "video", "hotline"]
LANES: tuple[Lane, ...] = ("voice", "video")
MIB = 1024 * 1024


class ChannelRules(BaseModel):
    """What one lane takes: bytes of the file, seconds of sound."""

    model_config = ConfigDict(frozen=True)
    max_bytes: int
    media: MediaLimits


RULES: dict[Lane, ChannelRules] = {
    "voice": ChannelRules(max_bytes=30 * MIB, media=MediaLimits(max_duration_s=600.0)),
    "video": ChannelRules(max_bytes=300 * MIB, media=MediaLimits(max_duration_s=900.0)),
}


class Recording(BaseModel):
    """One accepted recording; the person's contact data is in the vault, known here by `contact_id` only."""

    model_config = ConfigDict(frozen=True)
    suggestion_id: str
    recording_id: str
    channel: RecordingChannel
    received_at: Moment
    original: MediaRef
    info: MediaInfo | None = None
    """What the probe found at the upload; None for a hotline's file, which the worker probes."""
    written: str | None = None
    """What the resident wrote beside the recording."""
    place: Place | None = None
    kind: CollectionKind = "everyday"
    campaign_id: str | None = None
    collection_point_id: str | None = None
    identity: Identity = "anonymous"
    contact_id: str | None = None
    on_behalf: bool = False
    source: str | None = None
    external_id: str | None = None
    nature: str | None = None
    category_code: str | None = None

    @property
    def lane(self) -> Lane:
        """The queue that this recording waits in."""
        return "video" if self.channel == "video" else "voice"

    @property
    def rules(self) -> ChannelRules:
        """Limits that hold for it."""
        return RULES[self.lane]


def received_event(recording: Recording) -> RecordingReceived:
    """The bytes are safe, transcription is to come."""
    return RecordingReceived(
        suggestion_id=recording.suggestion_id,
        recording_id=recording.recording_id,
        channel=recording.channel,
        media=recording.original,
        received_at=recording.received_at,
        contact_id=recording.contact_id,
        place=recording.place.model_dump(exclude_none=True) if recording.place else None,
    )


def of_hotline(event: RecordingReceived) -> Recording:
    """The job for a recording that a hotline sent and intake-web announced."""
    return Recording(
        suggestion_id=event.suggestion_id,
        recording_id=event.recording_id,
        channel=event.channel,
        received_at=event.received_at,
        original=event.media,
        place=Place.model_validate(event.place) if event.place else None,
        contact_id=event.contact_id,
        identity="named" if event.contact_id else "anonymous",
        source=event.source,
        external_id=event.external_id,
        nature=event.nature,
        category_code=event.category_code,
    )


def text_of(recording: Recording, transcript: Transcript) -> str:
    """What was written first, what was heard on the next line; within the length of one suggestion."""
    parts = [part.strip() for part in (recording.written or "", transcript.text)]
    return "\n".join(part for part in parts if part)[:TEXT_MAX]


def outcome_events(
    recording: Recording, transcript: Transcript, derived: Sequence[MediaRef] = ()
) -> tuple[EventData, ...]:
    """The suggestion itself first, then what became of the recording; every recording ends in both."""
    original = recording.original.model_copy(
        update={"duration_s": transcript.duration_s or recording.original.duration_s}
    )
    published = transcript.published()
    submitted = SuggestionSubmitted(
        suggestion_id=recording.suggestion_id,
        channel=recording.channel,
        received_at=recording.received_at,
        text=text_of(recording, transcript),
        language="zh-CN" if transcript.language == "zh" else transcript.language,
        transcript=published,
        media=[original, *derived],
        place=recording.place,
        kind=recording.kind,
        campaign_id=recording.campaign_id,
        collection_point_id=recording.collection_point_id,
        identity=recording.identity,
        contact_id=recording.contact_id,
        on_behalf=recording.on_behalf,
        source=recording.source,
        external_id=recording.external_id,
        nature=recording.nature,
        category_code=recording.category_code,
    )
    about = {
        "suggestion_id": recording.suggestion_id,
        "recording_id": recording.recording_id,
        "channel": recording.channel,
        "media": original,
        "reasons": list(transcript.reasons),
    }
    if transcript.verdict == "unusable":
        return submitted, RecordingUnusable.model_validate(about)
    return submitted, RecordingTranscribed.model_validate({**about, "outcome": published})


def copied_event(recording: Recording, made: Sequence[MediaRef]) -> RecordingCopied:
    """What people can play now."""
    return RecordingCopied(
        suggestion_id=recording.suggestion_id,
        recording_id=recording.recording_id,
        channel=recording.channel,
        media=list(made),
    )


def unusable(reason: str) -> Transcript:
    """The outcome of a recording that could not be heard at all, with its stable reason code."""
    return Transcript(verdict="unusable", reasons=(reason,))
