"""What a pack would have decided about the past, against what was decided: differences only, nothing is written."""

from __future__ import annotations

from router.domain.decision import Assign, Decision, Decline, Frozen
from shared.contracts.cases import CaseAssigned, CaseDeclined, CaseEvent, CaseReviewRequested


class Ruling(Frozen):
    """Where a suggestion went: a lead unit and co-handlers, a ground, or to a person."""

    outcome: str
    """`assign`, `decline` or `review`."""
    target: str = ""
    """Unit id or ground; empty for review."""
    co_units: tuple[str, ...] = ()
    method: str = ""
    pack: str = ""

    @property
    def effect(self) -> tuple[str, str, tuple[str, ...]]:
        """What a resident or a unit would notice."""
        return self.outcome, self.target, self.co_units


class Change(Frozen):
    """One suggestion that would go elsewhere; `before` is None where no outcome is on the topic yet."""

    suggestion_id: str
    before: Ruling | None
    after: Ruling


def of_event(event: CaseEvent) -> Ruling | None:
    """The ruling that an event of topic `cases` tells; None for events that decide nothing."""
    if isinstance(event, CaseAssigned):
        outcome, target, co_units = "assign", event.unit.id, tuple(unit.id for unit in event.co_units)
    elif isinstance(event, CaseDeclined):
        outcome, target, co_units = "decline", str(event.ground), ()
    elif isinstance(event, CaseReviewRequested):
        outcome, target, co_units = "review", "", ()
    else:
        return None
    decision = event.decision
    return Ruling(
        outcome=outcome,
        target=target,
        co_units=co_units,
        method=decision.method,
        pack=decision.versions.get("pack", ""),
    )


def of_decision(decision: Decision) -> Ruling:
    """The ruling of a decision just made."""
    outcome = decision.outcome
    if isinstance(outcome, Assign):
        target, co_units = outcome.unit, outcome.co_units
    else:
        target, co_units = (outcome.ground if isinstance(outcome, Decline) else ""), ()
    return Ruling(
        outcome=outcome.kind,
        target=target,
        co_units=co_units,
        method=decision.method,
        pack=decision.versions.pack,
    )


def change(suggestion_id: str, before: Ruling | None, after: Ruling) -> Change | None:
    """None where the effect stays the same, whatever the reasons."""
    if before is not None and before.effect == after.effect:
        return None
    return Change(suggestion_id=suggestion_id, before=before, after=after)
