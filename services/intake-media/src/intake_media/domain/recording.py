"""A recording from acceptance to outcome: what is kept of it, and what its channel takes."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from intake_media.domain.media import MediaInfo, MediaLimits
from shared.contracts.model import Moment
from shared.contracts.suggestions import CollectionKind, Identity, MediaRef, Place

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
