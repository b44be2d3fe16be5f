"""Speech to text: what finds it, what reads it, and what judges the whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from intake_media.domain.reading import Reading, Span
from intake_media.domain.sound import Samples
from intake_media.domain.transcript import Transcript

Heard = Callable[[int, int], None]
"""Told how many stretches of a long recording were heard, of how many."""


class Transcriber(Protocol):
    """Speech to judged text."""

    async def transcribe(
        self, samples: Samples, *, deadline_s: float, flags: tuple[str, ...] = (), progress: Heard | None = None
    ) -> Transcript:
        """`flags` of the decoder count in the verdict; `progress` is told of stretches heard, on the event loop.

        TransientError when the engine hung, crashed or failed.
        """
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

    def read(self, samples: Samples, *, window_s: int, beam: int, timed: bool) -> Reading:
        """Candidate texts for at most `window_s` seconds of sound, padded to the window, in Chinese.

        `timed` asks when the favourite's characters are said; an engine that can't tell leaves it out.
        """
        ...


class Script(Protocol):
    """Writes Chinese in Simplified characters."""

    def simplified(self, text: str) -> str:
        """`text` with Traditional characters replaced; numbers and everything else as they are."""
        ...
