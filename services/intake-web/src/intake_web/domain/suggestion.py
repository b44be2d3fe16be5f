"""What is accepted, as one aggregate and the one event that tells of it."""

from __future__ import annotations

import hashlib
import json
import mimetypes
from dataclasses import dataclass
from datetime import datetime

from shared.contracts.hotline import HotlineSubmitted
from shared.contracts.recordings import RecordingReceived
from shared.contracts.submissions import TextSubmission
from shared.contracts.suggestions import Channel, MediaRef, Place, SuggestionSubmitted


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """An aggregate about to be written: identity, what makes a repeat recognisable, and its event."""

    suggestion_id: str
    event_id: str
    received_at: datetime
    channel: Channel
    code_hash: str
    body_hash: str
    event: SuggestionSubmitted | RecordingReceived
    idempotency: str | None = None
    hotline: tuple[str, str] | None = None
    """(source, external_id) of a work order."""
    causation_id: str | None = None
    key: str | None = None
    """Key of the record where it is not the suggestion id."""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What the store holds under an identity: enough to answer a repeat."""

    suggestion_id: str
    event_id: str
    received_at: datetime
    channel: Channel
    body_hash: str
    text: str | None = None
    is_recording: bool = False


def key_hash(idempotency_key: str) -> str:
    """A key may be anything the sender chose, so only its hash is kept."""
    return hashlib.sha256(b"idempotency:" + idempotency_key.encode()).hexdigest()


def _hash(data: object) -> str:
    return hashlib.sha256(json.dumps(data, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def body_hash(submission: TextSubmission) -> str:
    """Same for two bodies that say the same, whatever the order of their fields."""
    return _hash(submission.model_dump(mode="json"))


def order_hash(order: HotlineSubmitted) -> str:
    """What makes two work orders of one number the same: the words, or the recording."""
    return _hash([order.text, order.recording.sha256 if order.recording else None])


def contact_id_of(suggestion_id: str) -> str:
    """Follows from the suggestion, so that a repeated accept keeps one contact."""
    return f"contact-{suggestion_id}"


def language_of(text: str) -> str:
    """`zh-CN` as soon as there is a Chinese character, else `en`."""
    return "zh-CN" if any("\u3400" <= sign <= "\u9fff" for sign in text) else "en"


def channel_of(submission: TextSubmission, known_points: frozenset[str]) -> Channel:
    """`collector` when someone enters it for another person at a collection point of the pack."""
    at_point = submission.collection_point_id is not None and submission.collection_point_id in known_points
    return "collector" if submission.on_behalf and at_point else "web"


def submitted_in_writing(
    submission: TextSubmission,
    *,
    suggestion_id: str,
    received_at: datetime,
    channel: Channel,
    town: str | None,
    contact_id: str | None,
) -> SuggestionSubmitted:
    """The event of a text; contact data stays behind, `town` is the id of the pack."""
    given = submission.place
    place = None
    if given is not None:
        place = Place(town=town, text=given.text, lon=given.lon, lat=given.lat, crs=given.crs)
    return SuggestionSubmitted(
        suggestion_id=suggestion_id,
        channel=channel,
        received_at=received_at,
        text=submission.text,
        language=language_of(submission.text),
        place=place,
        kind=submission.kind,
        campaign_id=submission.campaign_id,
        collection_point_id=submission.collection_point_id,
        identity=submission.identity,
        contact_id=contact_id,
        on_behalf=submission.on_behalf,
    )


def recording_of(uri: str, sha256: str, size_bytes: int) -> MediaRef:
    """Claim check of a hotline's file; its type is only a guess until it is probed."""
    guessed = mimetypes.guess_type(uri)[0] or "application/octet-stream"
    return MediaRef(role="original", uri=uri, sha256=sha256, size_bytes=size_bytes, media_type=guessed)


def submitted_by_hotline(
    order: HotlineSubmitted,
    *,
    suggestion_id: str,
    recording_id: str,
    place: Place | None,
    contact_id: str | None,
    media: MediaRef | None,
) -> SuggestionSubmitted | RecordingReceived:
    """The event of a work order: its words as they are, or a recording that is to be transcribed."""
    if order.text is None and media is not None:
        return RecordingReceived(
            suggestion_id=suggestion_id,
            recording_id=recording_id,
            channel="hotline",
            media=media,
            received_at=order.received_at,
            source=order.source,
            external_id=order.external_id,
            contact_id=contact_id,
            place=place.model_dump() if place else None,
            nature=order.nature,
            category_code=order.category_code,
        )
    text = order.text or ""
    return SuggestionSubmitted(
        suggestion_id=suggestion_id,
        channel="hotline",
        received_at=order.received_at,
        text=text,
        language=language_of(text),
        media=[media] if media else [],
        place=place,
        identity="named" if contact_id else "anonymous",
        contact_id=contact_id,
        source=order.source,
        external_id=order.external_id,
        nature=order.nature,
        category_code=order.category_code,
    )
