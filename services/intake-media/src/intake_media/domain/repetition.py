"""Whether a text repeats itself, as what a speech engine makes up does."""

from __future__ import annotations

import re
import zlib
from collections import Counter

from intake_media.domain.language_model import spoken_characters

_LOOP_COMPRESSION = 2.4
_AGAIN = 7
"""So many characters that come twice may be a sentence that the engine began anew."""


def compression(text: str) -> float:
    """UTF-8 length over its deflated length, as Whisper computes it: loops exceed 2.4."""
    raw = text.encode()
    return len(raw) / len(zlib.compress(raw)) if raw else 0.0


def repeats_itself(text: str) -> bool:
    """A loop, the same words four times and more, or one sentence written twice."""
    spoken = spoken_characters(text)
    if compression(text) > _LOOP_COMPRESSION:
        return True
    if re.search(r"(.{1,3})\1{4,}", spoken) or re.search(r"(.{4,})\1{2,}", spoken):
        return True
    half = len(spoken) // 2
    if half >= 6 and spoken[:half] == spoken[half : 2 * half]:
        return True
    for start in range(half, half + 3):
        if start >= 8 and len(spoken) - start >= 8 and spoken.startswith(spoken[start:][:14]):
            return True
    grams = Counter(spoken[at : at + 4] for at in range(len(spoken) - 3))
    return bool(grams) and max(grams.values()) >= 4 and len(spoken) < 120


def says_again(text: str) -> bool:
    """Words that came before come again: people do that as well, so it costs a second hearing and nothing else."""
    spoken = spoken_characters(text)
    return any(spoken.find(spoken[at : at + _AGAIN], at + _AGAIN) >= 0 for at in range(len(spoken) - 2 * _AGAIN + 1))
