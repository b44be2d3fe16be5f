"""Times and confidence of the clauses of a chunk: who checks a transcript jumps to the place and hears it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from intake_media.domain.gate import Heard
from intake_media.domain.language_model import spoken_characters
from intake_media.domain.windows import Chunk
from shared.contracts.suggestions import Segment

_CLAUSE = re.compile(r"[^\s，。！？；,!?;]+[，。！？；,!?;]*\s*")
_SHORTEST = 4
_LAST_CHARACTER_S = 0.5
"""How long the last character of a clause is shown."""


def segments(heard: Heard, chunk: Chunk) -> list[Segment]:
    """The clauses of `heard`, laid over the chunk's speech in proportion to their characters.

    Where it is known when each character begins, clauses begin there; elsewhere times are good to half a second.
    """
    clauses = _clauses(heard.text)
    weights = [max(1, len(spoken_characters(clause))) for clause in clauses]
    total, passed, found = sum(weights), 0, []
    timed = len(heard.starts_s) == total
    for clause, weight in zip(clauses, weights, strict=True):
        if timed:
            start, end = _times(heard.starts_s, passed, passed + weight, chunk.speech[-1].end_s)
        else:
            start, end = _moment(chunk, passed / total), _moment(chunk, (passed + weight) / total, end=True)
        passed += weight
        confidence = math.exp(min(0.0, heard.score)) * _agreement(clause, heard.alternatives)
        found.append(
            Segment(start_s=round(start, 2), end_s=round(end, 2), text=clause.strip(), confidence=round(confidence, 3))
        )
    return found


def _clauses(text: str) -> list[str]:
    joined: list[str] = []
    for clause in _CLAUSE.findall(text) or [text]:
        if joined and (len(spoken_characters(clause)) < _SHORTEST or len(spoken_characters(joined[-1])) < _SHORTEST):
            joined[-1] += clause
        else:
            joined.append(clause)
    return joined


def _agreement(clause: str, alternatives: tuple[str, ...]) -> float:
    """0.5…1: how many of the beam's other texts hold the clause word for word."""
    if len(alternatives) < 2:
        return 1.0
    wanted = spoken_characters(clause)
    return 0.5 + 0.5 * sum(wanted in spoken_characters(text) for text in alternatives) / len(alternatives)


def _times(starts: Sequence[float], first: int, after: int, silent_from: float) -> tuple[float, float]:
    """Start and end of the clause of the characters from `first` up to `after`."""
    last = starts[after - 1]
    next_ = starts[after] if after < len(starts) else silent_from
    return starts[first], max(min(next_, last + _LAST_CHARACTER_S), starts[first])


def _moment(chunk: Chunk, share: float, *, end: bool = False) -> float:
    """When `share` of the chunk's speech has passed; at a pause, before it for an end, after it for a start."""
    left = share * sum(span.length_s for span in chunk.speech)
    for span in chunk.speech:
        if left < span.length_s or (end and left <= span.length_s + 1e-9):
            return span.start_s + left
        left -= span.length_s
    return chunk.speech[-1].end_s
