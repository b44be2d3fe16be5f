"""Why a case is where it is, arranged for reading: evidence by kind, the words marked in the text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from router.domain.case import Case
from shared.contracts.cases import Decision

MARKED = ("word", "model-word", "emergency-word", "enquiry-word", "advertising")
_CODED = re.compile(r"^([a-z-]+(?:R\d\d)?):(.*)$")


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A stretch of text; `kind` says what it counted as, None for the rest."""

    text: str
    kind: str | None = None


@dataclass(frozen=True, kw_only=True)
class Clue:
    """All evidence of one kind: values, each with its weight where it has one."""

    kind: str
    values: Sequence[tuple[str, float | None]]


def clues(decision: Decision) -> list[Clue]:
    """Evidence by kind, in the order in which the steps saw it; `place-road` and such become `place`."""
    found: dict[str, dict[str, float | None]] = {}
    for one in decision.evidence:
        found.setdefault(family(one.kind), {}).setdefault(one.value, one.weight)
    return [Clue(kind=kind, values=list(values.items())) for kind, values in found.items()]


def family(kind: str) -> str:
    """`place-town` → `place`, `ground-R07` → `ground`; others as they are."""
    head = kind.split("-")[0]
    return head if head in ("place", "ground") else kind


def said(reason: str) -> list[tuple[str, str]]:
    """An alternative's reason (`rule:bus；word:公交`) as (kind, value); plain words have no kind."""
    parts = []
    for part in filter(None, reason.split("；")):
        hit = _CODED.match(part)
        parts.append((family(hit[1]), hit[2]) if hit else ("", part))
    return parts


def pieces(case: Case) -> list[Piece]:
    """The text cut where words of the decision's evidence stand; where words overlap all of them are marked."""
    paint: list[str | None] = [None] * len(case.text)
    folded = case.text.lower()
    for one in case.decision.evidence:
        kind, word = family(one.kind), one.value.lower()
        if not word or not (kind in MARKED or kind in ("place", "ground")) or len(folded) != len(paint):
            continue
        start = folded.find(word)
        while start >= 0:
            span = range(start, start + len(word))
            for at in span:
                paint[at] = paint[at] or kind
            start = folded.find(word, start + 1)
    cut = [
        (kind, "".join(character for character, _ in run))
        for kind, run in groupby(zip(case.text, paint, strict=True), key=lambda pair: pair[1])
    ]
    return [Piece(text=text, kind=kind) for kind, text in cut]
