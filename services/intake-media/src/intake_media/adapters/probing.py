"""What is in an uploaded file, by its contents: read by libav in a process that holds nothing of ours."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ValidationError

from intake_media.adapters import ffmpeg
from intake_media.adapters.libav_codes import DONE, NOT_OPENED
from intake_media.adapters.media_reader import MediaReader
from intake_media.adapters.sandbox import Limits, Outcome
from intake_media.domain.media import AudioTrack, MediaInfo, VideoTrack
from shared.errors import PermanentError

PROBE_LIMITS = Limits(wall_s=60.0, cpu_s=10, output_bytes=1024 * 1024)
_GUESSED = b"Estimating duration from bitrate"


class _Audio(BaseModel):
    codec: str
    rate_hz: int
    channels: int


class _Video(BaseModel):
    codec: str
    width: int
    height: int


class _Facts(BaseModel):
    container: str
    duration_s: float | None
    audio: list[_Audio]
    video: list[_Video]


class LibavProbe:
    """The `MediaProbe` port by what libav's demuxers find."""

    def __init__(self, reader: MediaReader) -> None:
        self._reader = reader

    async def probe(self, path: Path) -> MediaInfo:
        """Container, length and tracks. PermanentError `not-media` where none of our formats is in it, or `damaged`."""
        # Decoders of both kinds: the figures of some tracks are found only by decoding their beginning.
        job = {"task": "probe", **ffmpeg.allowed(f"{ffmpeg.AUDIO_CODECS},{ffmpeg.VIDEO_CODECS}")}
        info = read_probe(await self._reader.run(job, path, PROBE_LIMITS))
        return info.model_copy(update={"incomplete": True}) if info.container == "wav" and is_cut(path) else info


def is_cut(path: Path) -> bool:
    """Whether a WAV ends before its `data` chunk does. A length of (nearly) 4 GB is a recorder's "not known"."""
    with path.open("rb") as held:
        size = held.seek(0, 2)
        at = 12
        for _ in range(64):
            held.seek(at)
            head = held.read(8)
            if len(head) < 8:
                return False
            length = int.from_bytes(head[4:], "little")
            if head[:4] == b"data":
                return length < 0xFFFF_0000 and at + 8 + length > size
            at += 8 + length + length % 2
    return False


def read_probe(outcome: Outcome) -> MediaInfo:
    """The figures that a probe found."""
    if outcome.exit_code == NOT_OPENED:
        raise PermanentError("the file is no sound or video that we take", code="not-media")
    try:
        facts = _Facts.model_validate_json(outcome.stdout) if outcome.exit_code == DONE else None
    except ValidationError:
        facts = None
    if facts is None:
        raise PermanentError("reading the file takes more than any recording needs", code="damaged")
    return MediaInfo(
        container=facts.container,
        duration_s=facts.duration_s,
        # libav says this only in words; whoever makes it say so only loses a flag that would have warned of his file.
        duration_estimated=_GUESSED in outcome.stderr,
        audio=tuple(AudioTrack(index=number, **one.model_dump()) for number, one in enumerate(facts.audio)),
        video=tuple(VideoTrack(index=number, **one.model_dump()) for number, one in enumerate(facts.video)),
    )
