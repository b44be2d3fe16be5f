"""Suggestions that may be one: same category, place, time and meaning. Proposed to a person, never merged alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

SAME_MEANING = 0.55
"""Likeness (0–1, `SimilarityWindow`) at which two people say the same in their own words; a copy has 1."""
COPY = 0.95
WEIGHTS = {"meaning": 0.55, "place": 0.2, "category": 0.15, "time": 0.1}
"""What each fact adds to a score of 1 at most."""
ELSEWHERE = 0.5
"""What is left of the score when both name places and share none: the same wish for two streets is two cases."""
DAYS = 90.0
"""After so long, time adds nothing: the matter may have come up anew."""
PROPOSE_AT = 0.5


@dataclass(frozen=True)
class Suspect:
    """What is compared of a case: class, ids or names of the places found in it, who sent it (any stable mark)."""

    id: str
    at: datetime
    class_id: str | None = None
    places: frozenset[str] = frozenset()
    person: str | None = None


@dataclass(frozen=True)
class Fact:
    """One reason for or against: `kind` is meaning, place, category, time or person."""

    kind: str
    value: str
    weight: float


@dataclass(frozen=True)
class Proposal:
    """`other_id` may be the same matter as `id`. `repeat`: the same person again, to be linked only (R13)."""

    id: str
    other_id: str
    score: float
    facts: tuple[Fact, ...]
    copy: bool
    repeat: bool


def propose(new: Suspect, neighbours: Iterable[tuple[Suspect, float]], *, limit: int = 5) -> list[Proposal]:
    """Proposals for a new case among earlier ones with their likeness (0–1) to it, the best first."""
    found = [_weigh(new, other, likeness) for other, likeness in neighbours if other.id != new.id]
    found = [proposal for proposal in found if proposal.score >= PROPOSE_AT]
    return sorted(found, key=lambda one: (-one.score, one.other_id))[:limit]


def _weigh(new: Suspect, other: Suspect, likeness: float) -> Proposal:
    shared = new.places & other.places
    days = abs((new.at - other.at).total_seconds()) / 86_400
    same_class = new.class_id is not None and new.class_id == other.class_id
    facts = [
        Fact("meaning", f"{likeness:.2f}", WEIGHTS["meaning"] * min(1.0, likeness / SAME_MEANING)),
        Fact("place", "、".join(sorted(shared)), WEIGHTS["place"] if shared else 0.0),
        Fact("category", new.class_id or "", WEIGHTS["category"] if same_class else 0.0),
        Fact("time", f"{days:.0f}", WEIGHTS["time"] * max(0.0, 1 - days / DAYS)),
    ]
    score = sum(fact.weight for fact in facts)
    if new.places and other.places and not shared:
        facts.append(Fact("place", f"{_list(new.places)} ≠ {_list(other.places)}", -score * (1 - ELSEWHERE)))
        score *= ELSEWHERE
    repeat = new.person is not None and new.person == other.person
    if repeat:
        facts.append(Fact("person", "", 0.0))
    kept = tuple(Fact(f.kind, f.value, round(f.weight, 4)) for f in facts if f.weight or f.kind == "person")
    return Proposal(new.id, other.id, round(score, 4), kept, likeness >= COPY, repeat)


def _list(places: Iterable[str]) -> str:
    return "、".join(sorted(places)[:3])
