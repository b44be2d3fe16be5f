"""What the media adapter needs from outside, as Protocols."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from intake_media.domain.media import MediaInfo, MediaLimits
from intake_media.domain.reading import Reading, Span
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


class Transcriber(Protocol):
    """Speech to judged text."""

    async def transcribe(self, samples: Samples, *, deadline_s: float, flags: tuple[str, ...] = ()) -> Transcript:
        """`flags` of the decoder count in the verdict. TransientError when the engine hung, crashed or failed."""
        ...


class SpeechDetector(Protocol):
    """Finds where somebody speaks."""

    def speech(self, samples: Samples) -> list[Span]:
        """Stretches of speech in order; none where nobody speaks."""
        ...


class SpeechEngine(Protocol):
    """One Whisper implementation with its weights loaded; `read` may be called from several threads."""

    name: str
    model: str

    def read(self, samples: Samples, *, window_s: int, beam: int) -> Reading:
        """Candidate texts for at most `window_s` seconds of sound, padded to the window, in Chinese."""
        ...


class Script(Protocol):
    """Writes Chinese in Simplified characters."""

    def simplified(self, text: str) -> str:
        """`text` with Traditional characters replaced; numbers and everything else as they are."""
        ...
