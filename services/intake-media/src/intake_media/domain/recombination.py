"""Texts that the beam did not write out: one hypothesis' better word here together with another's there.

A beam of ten holds few of the combinations of what it is unsure of. Where hypotheses differ from the favourite in
single places, the cost of each difference is known, and costs of places far apart add up; the language model then has
more to choose from (measured: at beam 10 as few errors as a beam of 20 without, a third faster).
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from intake_media.domain.language_model import spoken_characters
from intake_media.domain.reading import Hypothesis

Edit = tuple[int, int, str]
"""Replace the favourite's spoken characters from … to … by these."""

_MOST_EDITS = 14
_WIDTH = 64
_BEST_GAIN = 0.5
"""A difference is never believed to be much likelier than the favourite: the beam would have preferred it."""


def combined(hypotheses: Sequence[Hypothesis]) -> list[Hypothesis]:
    """New hypotheses of at least two differences each; empty where the beam has nothing to combine."""
    if len(hypotheses) < 3:
        return []
    favourite = hypotheses[0]
    base = spoken_characters(favourite.text)
    totals: dict[str, float] = {}
    for one in hypotheses:
        spoken = spoken_characters(one.text)
        totals[spoken] = max(totals.get(spoken, -1e9), one.score * one.tokens)
    start = totals[base]
    costs = _costs({_edits(base, spoken): total - start for spoken, total in totals.items() if spoken != base})
    best = sorted(costs.items(), key=lambda item: -item[1])[:_MOST_EDITS]
    front: list[tuple[tuple[Edit, ...], float]] = [((), start)]
    for edit, cost in best:
        grown = [
            ((*chosen, edit), total + min(cost, _BEST_GAIN))
            for chosen, total in front
            if all(edit[1] <= other[0] or edit[0] >= other[1] for other in chosen)
            and all(edit[:2] != other[:2] for other in chosen)
        ]
        front = sorted([*front, *grown], key=lambda item: -item[1])[:_WIDTH]
    found = []
    for chosen, total in front:
        spoken = _applied(base, chosen)
        if len(chosen) > 1 and spoken not in totals:
            totals[spoken] = total
            text = _applied_to_written(favourite.text, chosen)
            found.append(Hypothesis(text, favourite.tokens, total / max(1, favourite.tokens)))
    return found


def _edits(base: str, other: str) -> tuple[Edit, ...]:
    codes = SequenceMatcher(None, base, other, autojunk=False).get_opcodes()
    return tuple((start, end, other[left:right]) for kind, start, end, left, right in codes if kind != "equal")


def _costs(differences: dict[tuple[Edit, ...], float]) -> dict[Edit, float]:
    """What each single difference costs: known alone, or as what it adds to differences that stand elsewhere too."""
    costs: dict[Edit, float] = {}
    for edits, total in differences.items():
        for at, edit in enumerate(edits):
            rest = edits[:at] + edits[at + 1 :]
            without = differences.get(rest) if rest else 0.0
            if without is not None:
                costs[edit] = max(costs.get(edit, -1e9), total - without)
    for edits, total in differences.items():
        unknown = [edit for edit in edits if edit not in costs]
        known = sum(costs[edit] for edit in edits if edit in costs)
        for edit in unknown:
            costs[edit] = (total - known) / len(unknown)
    return costs


def _applied(base: str, edits: Sequence[Edit]) -> str:
    for start, end, replacement in sorted(edits, reverse=True):
        base = base[:start] + replacement + base[end:]
    return base


def _applied_to_written(text: str, edits: Sequence[Edit]) -> str:
    """The same edits on the text as written, with its punctuation."""
    places = [at for at, character in enumerate(text) for _ in spoken_characters(character)]
    for start, end, replacement in sorted(edits, reverse=True):
        left = places[start] if start < len(places) else len(text)
        right = places[end - 1] + 1 if end > start else left
        text = text[:left] + replacement + text[right:]
    return text
