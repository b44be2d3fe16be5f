"""Whether a text covers the speech: Whisper ends where a voice changes, and what is said after that is lost unseen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from intake_media.domain.reading import Span

_CHARACTER_S = 0.35
"""A character is said within this time; speech after it is somebody's next word."""
_UNHEARD_S = 1.2
"""So much speech without a character is more than a drawn-out word (where nothing was missing: 0.8 s at most)."""


class Unheard(NamedTuple):
    """After `from_s` so many seconds of speech pass without a word."""

    from_s: float
    speech_s: float


def unheard(starts_s: Sequence[float], speech: Sequence[Span]) -> Unheard | None:
    """The longest stretch of speech without a word; None where words cover it all.

    `starts_s`: when each character begins, on the clock of `speech`.
    """
    if not starts_s or not speech:
        return None
    ends = [*starts_s[1:], speech[-1].end_s]
    found = [
        Unheard(start + _CHARACTER_S, _spoken_s(speech, start + _CHARACTER_S, end))
        for start, end in zip(starts_s, ends, strict=True)
    ]
    longest = max(found, key=lambda one: one.speech_s)
    return longest if longest.speech_s > _UNHEARD_S else None


def _spoken_s(speech: Sequence[Span], start_s: float, end_s: float) -> float:
    return sum(max(0.0, min(span.end_s, end_s) - max(span.start_s, start_s)) for span in speech)
