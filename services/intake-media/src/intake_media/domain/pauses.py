"""A comma where the speaker paused: the engine now and then writes none for a whole minute.

Measured on 12 notes with 29 commas: 26 of them instead of 18, one that should not be there as before.
"""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left
from collections.abc import Sequence
from difflib import SequenceMatcher

from intake_media.domain.language_model import spoken_characters
from intake_media.domain.reading import Span

_SHORTEST_PAUSE_S = 0.1
"""Between stretches of speech, which the detector makes a tenth of a second too long on both sides."""
_TAIL_S = 0.3
"""What begins so shortly before a pause is said after it: the decoder looks for it there already."""
_LEAST = 3
"""Characters on both sides up to the next mark: who seeks for a word pauses as well."""
_CHINESE = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")


def carried(starts_s: Sequence[float], timed: str, text: str) -> tuple[float, ...]:
    """When each spoken character of `text` begins, by the times of a text that differs in places."""
    before, after = spoken_characters(timed), spoken_characters(text)
    if len(starts_s) != len(before) or not before:
        return ()
    if before == after:
        return tuple(starts_s)
    found: list[float] = []
    for _, left, right, start, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        first = starts_s[min(left, len(before) - 1)]
        last = starts_s[min(right, len(before) - 1)]
        found += [first + (last - first) * at / (end - start) for at in range(end - start)]
        if right - left == end - start:
            found[-(end - start) :] = starts_s[left:right]
    return tuple(found)


def settled(starts_s: Sequence[float], speech: Sequence[Span]) -> tuple[float, ...]:
    """`starts_s` with the first character after a pause beginning where `speech` goes on, not where the last ended."""
    found = list(starts_s)
    for before, after in itertools.pairwise(speech):
        for at in range(bisect_left(found, before.end_s - _TAIL_S), bisect_left(found, after.start_s)):
            found[at] = after.start_s
    return tuple(found)


def with_pauses(text: str, starts_s: Sequence[float], speech: Sequence[Span]) -> str:
    """`text` with ，between Chinese characters where `speech` pauses; `starts_s` as of `carried`, on its clock."""
    places = [at for at, character in enumerate(text) for _ in spoken_characters(character)]
    if len(places) != len(starts_s):
        return text
    for before, after in reversed(list(itertools.pairwise(speech))):
        if after.start_s - before.end_s < _SHORTEST_PAUSE_S:
            continue
        next_ = bisect_left(starts_s, (before.end_s + after.start_s) / 2)
        if 0 < next_ < len(places) and _clauses_meet(text, places[next_]):
            text = f"{text[: places[next_]]}，{text[places[next_] :]}"
    return text


def _clauses_meet(text: str, at: int) -> bool:
    """Whether so many Chinese characters stand on both sides of a place that it parts clauses."""
    around = text[max(0, at - _LEAST) : at + _LEAST]
    return len(around) == 2 * _LEAST and all(map(_CHINESE.match, around))
