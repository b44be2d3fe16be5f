"""Times and confidence of the clauses of a chunk: who checks a transcript jumps to the place and hears it."""

from __future__ import annotations

import math
import re

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

    Where the engine said when its characters begin, they begin there; elsewhere times are good to half a second.
    """
    clauses = _clauses(heard.text)
    weights = [max(1, len(spoken_characters(clause))) for clause in clauses]
    total, passed, found = sum(weights), 0, []
    for clause, weight in zip(clauses, weights, strict=True):
        start, end = _times(heard, chunk, passed / total, (passed + weight) / total)
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


def _times(heard: Heard, chunk: Chunk, first: float, last: float) -> tuple[float, float]:
    """Start and end of the clause that reaches from one share of the text to another."""
    starts = heard.starts_s
    if not starts:
        return _moment(chunk, first), _moment(chunk, last, end=True)
    begins, ends = (round(share * len(starts)) for share in (first, last))
    start = starts[min(begins, len(starts) - 1)]
    after = starts[ends] if ends < len(starts) else chunk.speech[-1].end_s
    end = min(after, starts[max(0, min(ends, len(starts)) - 1)] + _LAST_CHARACTER_S)
    return start, max(end, start)


def _moment(chunk: Chunk, share: float, *, end: bool = False) -> float:
    """When `share` of the chunk's speech has passed; at a pause, before it for an end, after it for a start."""
    left = share * sum(span.length_s for span in chunk.speech)
    for span in chunk.speech:
        if left < span.length_s or (end and left <= span.length_s + 1e-9):
            return span.start_s + left
        left -= span.length_s
    return chunk.speech[-1].end_s
