"""What looks into a recording: its probe, its decoder, and what makes files from it that people play."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from intake_media.domain.media import MediaInfo, MediaLimits
from intake_media.domain.sound import Samples
from intake_media.domain.transcript import Transcript


@dataclass(frozen=True)
class DecodedSound:
    """Mono samples of a recording, their length in seconds, and what was odd: damaged-media, duration-mismatch."""

    samples: Samples
    duration_s: float
    flags: tuple[str, ...] = ()


class MediaProbe(Protocol):
    """Looks into an uploaded file."""

    async def probe(self, path: Path) -> MediaInfo:
        """PermanentError `not-media` where it holds none of the formats that we take."""
        ...


class SoundDecoder(Protocol):
    """Decodes an uploaded file within limits."""

    async def decode(self, path: Path, info: MediaInfo, limits: MediaLimits) -> DecodedSound:
        """The first sound track mixed to mono; PermanentError with a code where it is refused."""
        ...

    def other_views(self, path: Path, info: MediaInfo, limits: MediaLimits) -> AsyncIterator[DecodedSound]:
        """Single channels and further tracks, for recordings whose mix says nothing."""
        ...


@dataclass(frozen=True)
class Derived:
    """A file made from a recording, metadata stripped: role poster, web-copy, captions, …"""

    role: str
    path: Path
    media_type: str
    duration_s: float | None = None


class Derivation(Protocol):
    """Makes what people look at and listen to from an original; what can't be made is left out."""

    async def with_transcript(
        self, path: Path, info: MediaInfo, transcript: Transcript, *, room: Path
    ) -> list[Derived]:
        """What is published together with the text; quick. Files in `room`."""
        ...

    async def copies(self, path: Path, info: MediaInfo, *, limits: MediaLimits, room: Path) -> list[Derived]:
        """What may take its time, above all a copy that every browser plays. Files in `room`."""
        ...
