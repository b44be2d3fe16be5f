"""What a probe found in an uploaded file, and what a channel accepts of it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

MIN_RATE_HZ, MAX_RATE_HZ = 8_000, 192_000
MAX_CHANNELS = 8
MAX_PIXELS = 3840 * 2400
"""A 4K phone frame with a margin; beyond it a single frame costs close to a gigabyte to decode."""


class AudioTrack(BaseModel):
    """One audio stream; `index` counts audio streams from 0."""

    model_config = ConfigDict(frozen=True)
    index: int
    codec: str
    rate_hz: int
    channels: int


class VideoTrack(BaseModel):
    """One moving-picture stream (cover art is not one); size in pixels."""

    model_config = ConfigDict(frozen=True)
    index: int
    codec: str
    width: int
    height: int


class MediaInfo(BaseModel):
    """A file by its contents, whatever its name and declared type say."""

    model_config = ConfigDict(frozen=True)
    container: str
    """The demuxer's short name: wav, mov, matroska, ogg, mp3, flac, aac, amr, mpegts."""
    duration_s: float | None = None
    """As the container claims; None where it claims nothing (a browser's live WebM)."""
    duration_estimated: bool = False
    """True where it was guessed from the bit rate, so that a difference proves nothing."""
    incomplete: bool = False
    """True where the file is shorter than its own header says, though ffmpeg keeps silent about it (WAV)."""
    audio: tuple[AudioTrack, ...] = ()
    video: tuple[VideoTrack, ...] = ()

    @property
    def media_type(self) -> str:
        """The type that we serve it as, from the contents."""
        return _TYPES.get(self.container, ("application/octet-stream",) * 2)[1 if self.video else 0]


_TYPES = {
    "wav": ("audio/wav", "audio/wav"),
    "mp3": ("audio/mpeg", "audio/mpeg"),
    "ogg": ("audio/ogg", "video/ogg"),
    "flac": ("audio/flac", "audio/flac"),
    "aac": ("audio/aac", "audio/aac"),
    "amr": ("audio/amr", "audio/amr"),
    "mov": ("audio/mp4", "video/mp4"),
    "matroska": ("audio/webm", "video/webm"),
    "mpegts": ("video/mp2t", "video/mp2t"),
}


class MediaLimits(BaseModel):
    """What one channel takes, in seconds of sound."""

    model_config = ConfigDict(frozen=True)
    max_duration_s: float = 600.0
    min_duration_s: float = 0.3


class Refusal(BaseModel):
    """Why a file is not taken: a stable code (also the public one) and an English sentence."""

    model_config = ConfigDict(frozen=True)
    code: str
    message: str


def refusal(info: MediaInfo, limits: MediaLimits) -> Refusal | None:
    """Why decoding this file would be useless or dangerous; None where it would not."""
    if not info.audio:
        return Refusal(code="no-audio-track", message="the file has no sound track")
    for track in info.audio:
        if not (MIN_RATE_HZ <= track.rate_hz <= MAX_RATE_HZ and 1 <= track.channels <= MAX_CHANNELS):
            return Refusal(
                code="unsupported-format",
                message=f"sound of {track.rate_hz} Hz in {track.channels} channels is not accepted",
            )
    if info.duration_s is None or info.duration_estimated:
        return None
    return refusal_of_length(info.duration_s, limits)


def refusal_of_length(duration_s: float, limits: MediaLimits) -> Refusal | None:
    """`too-long` or `too-short`; half a second beyond the limit is forgiven."""
    if duration_s > limits.max_duration_s + 0.5:
        return Refusal(code="too-long", message=f"longer than {limits.max_duration_s:.0f} seconds")
    if duration_s < limits.min_duration_s:
        return Refusal(code="too-short", message=f"shorter than {limits.min_duration_s:.1f} seconds")
    return None


def lengths_agree(claimed_s: float, decoded_s: float) -> bool:
    """Whether a container's claim and what came out of it may be the same recording (either may be the longer)."""
    return abs(claimed_s - decoded_s) <= max(0.75, 0.05 * claimed_s)
