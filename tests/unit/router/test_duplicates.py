"""Duplicates: what is proposed, with which evidence, and what is not."""

from __future__ import annotations

from datetime import datetime, timedelta

from router.domain.duplicates import PROPOSE_AT, Suspect, propose
from tests.support.letters import START


def suspect(
    name: str, *, at: datetime = START, person: str | None = None, places: tuple[str, ...] = ("大兴路",)
) -> Suspect:
    return Suspect(name, at, "urban", frozenset(places), person)


NEW = suspect("new", at=START + timedelta(days=3), person="a")


def test_same_category_place_time_and_meaning_are_proposed_with_their_evidence() -> None:
    (found,) = propose(NEW, [(suspect("old"), 0.5)])
    assert (found.other_id, found.copy, found.repeat) == ("old", False, False)
    assert [fact.kind for fact in found.facts] == ["meaning", "place", "category", "time"]
    assert found.facts[1].value == "大兴路"


def test_the_same_wish_for_another_street_is_not_proposed() -> None:
    assert propose(NEW, [(suspect("old", places=("人民路",)), 1.0)]) == []


def test_likeness_alone_outweighs_a_missing_place_but_not_a_weak_likeness() -> None:
    assert propose(NEW, [(suspect("old", places=()), 0.6)])
    assert propose(NEW, [(suspect("old", places=()), 0.1)]) == []


def test_a_copy_and_a_repeat_of_the_same_person_are_marked() -> None:
    (found,) = propose(NEW, [(suspect("old", person="a"), 0.99)])
    assert found.copy
    assert found.repeat
    assert found.facts[-1].kind == "person"


def test_proposals_come_best_first_never_of_itself_and_no_more_than_asked() -> None:
    others = [(suspect(f"o{n}"), 0.3 + n / 20) for n in range(6)]
    found = propose(NEW, [*others, (NEW, 1.0)], limit=3)
    assert len(found) == 3
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert all(PROPOSE_AT <= one.score <= 1 for one in found)
    assert "new" not in {one.other_id for one in found}
