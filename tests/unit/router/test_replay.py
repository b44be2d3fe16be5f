"""Replay: only a different effect is a change."""

from __future__ import annotations

from router.domain import opening, replay
from router.domain.normalising import normalise
from router.domain.routing import Item, decide
from shared.contracts.cases import CaseAccepted
from tests.support.casework import NOW, SIGNALS, VAGUE, said
from tests.support.pack import linghe


def rulings(text: str) -> tuple[replay.Ruling | None, replay.Ruling]:
    """What the events of a new case tell, and what the decision itself says."""
    decision = decide(Item(text=normalise(text)), linghe())
    step = opening.opened(
        said(text), event_id="e", decision=decision, number="LH-2026-000001", district=linghe(), now=NOW
    )
    return replay.of_event(step.events[-1]), replay.of_decision(decision)


def test_the_same_pack_changes_nothing() -> None:
    for text in (SIGNALS, VAGUE, "测试"):
        before, after = rulings(text)
        assert before == after
        assert replay.change("s", before, after) is None


def test_another_unit_another_co_handler_or_another_outcome_is_a_change() -> None:
    before, after = rulings(SIGNALS)
    for changed in (
        after.model_copy(update={"target": "jiaoyuju"}),
        after.model_copy(update={"co_units": ()}),
        after.model_copy(update={"outcome": "review", "target": "", "co_units": ()}),
    ):
        found = replay.change("s", before, changed)
        assert found is not None
        assert (found.before, found.after) == (before, changed)


def test_another_version_with_the_same_effect_is_none() -> None:
    before, after = rulings(SIGNALS)
    assert replay.change("s", before, after.model_copy(update={"pack": "next", "method": "model"})) is None


def test_a_suggestion_without_an_outcome_yet_is_listed() -> None:
    _, after = rulings(SIGNALS)
    assert replay.change("s", None, after) is not None


def test_events_that_decide_nothing_count_for_nothing() -> None:
    assert replay.of_event(CaseAccepted(suggestion_id="s", case_id="s")) is None
