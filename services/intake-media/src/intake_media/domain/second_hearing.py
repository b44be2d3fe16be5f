"""When a chunk is heard a second time, and when that says more than the first."""

from __future__ import annotations

from collections.abc import Sequence

from intake_media.domain.gate import WORTHLESS, Heard, faults
from intake_media.domain.language_model import spoken_characters
from intake_media.domain.repetition import repeats_itself, says_again

_SLOWEST_BELIEVED = 2.0
"""Characters per second of speech; people speak four to six, and the second hearing costs the slow nothing else."""

_SLOW = 3.6
"""Characters per second of speech. Where Whisper dropped who spoke second there were 1.5–3.0, where nothing was missing
4.1–5.3; who speaks slowly is heard twice and loses nothing."""
_MORE = 3
"""Characters by which the parts must outdo the whole: two readings of the same words differ by less."""

_RETRY = frozenset({"nothing-heard", "repetition", "unlikely-rate"})


def worth_a_retry(heard: Heard) -> bool:
    """Whether a shortened window may have made this text up, so that the full one should decide."""
    return not heard.foreign and (
        says_again(heard.text) or _breaks_off(heard) or bool(_RETRY.intersection(faults(heard)))
    )


def _breaks_off(heard: Heard) -> bool:
    """Half a character, or too little text for so much speech."""
    return "\ufffd" in heard.text or heard.rate < _SLOWEST_BELIEVED


def worth_hearing_in_parts(heard: Heard) -> bool:
    """Whether speech may be left out: by the times of the characters, without any by their rate; or it is a loop."""
    if heard.foreign:
        return False
    slow = not heard.starts_s and heard.rate < _SLOW
    return slow or heard.unheard is not None or repeats_itself(heard.text)


def says_more(parts: Sequence[Heard], whole: Heard) -> bool:
    """Whether the parts of a chunk say clearly more than the whole; what is worthless says nothing."""
    return sum(map(_worth, parts)) >= _worth(whole) + _MORE


def _worth(heard: Heard) -> int:
    return 0 if WORTHLESS.intersection(faults(heard)) else len(spoken_characters(heard.text))
