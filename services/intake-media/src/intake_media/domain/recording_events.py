"""The events that tell of a recording, and the recording that another service's event announces."""

from __future__ import annotations

from collections.abc import Sequence

from intake_media.domain.recording import Recording
from intake_media.domain.transcript import Transcript
from shared.contracts.model import EventData
from shared.contracts.recordings import RecordingCopied, RecordingReceived, RecordingTranscribed, RecordingUnusable
from shared.contracts.suggestions import TEXT_MAX, MediaRef, Place, SuggestionSubmitted


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
