"""Handled together, answered separately (并案办理、分别答复): what a person makes of a likely duplicate. Pure."""

from __future__ import annotations

from datetime import datetime

from router.domain.case import Case
from router.domain.decision import Assign
from router.domain.district import Account, District
from router.domain.steps import Act, Step, assign, common, step
from shared.contracts import cases
from shared.errors import InvalidInput


def merged(case: Case, lead: Case, *, by: Account, district: District, now: datetime) -> Step:
    """The case goes to the leading case's unit, which answers each; the due date is the case's own."""
    if case.state not in ("in-review", "assigned"):
        raise InvalidInput("This is not possible in the case's present state.", code="wrong-state")
    if lead.suggestion_id == case.suggestion_id or lead.merged_into is not None:
        raise InvalidInput("A case can't be merged into this one.", code="wrong-lead")
    if lead.unit is None or lead.state not in ("assigned", "resolved"):
        raise InvalidInput("Please assign the leading case first.", code="lead-unassigned")
    act = Act(actor=by.id, action="merged", now=now, reason=lead.number)
    handed = _handed(case, lead, act, district)
    event = cases.CaseMerged(**common(case, now), into_case_id=lead.suggestion_id, actor=by.id)
    done = step(
        handed.case if handed else case, act, [event], state="merged", merged_into=lead.suggestion_id, likely=[]
    )
    # One act, one line: the assignment that it implies is told as an event, not as a second deed.
    after = done.case.model_copy(
        update={"version": case.version + 1, "history": [*case.history, done.case.history[-1]]}
    )
    return Step(case=after, events=((*handed.events, event) if handed else (event,)))


def dismissed(case: Case, other_id: str, *, by: Account, now: datetime) -> Step:
    """A person found that the two are different matters."""
    kept = [one for one in case.likely if one.other_id != other_id]
    if len(kept) == len(case.likely):
        raise InvalidInput("This is proposed no longer.", code="wrong-state")
    gone = next(one for one in case.likely if one.other_id == other_id)
    return step(case, Act(actor=by.id, action="dismissed", now=now, reason=gone.number), likely=kept)


def _handed(case: Case, lead: Case, act: Act, district: District) -> Step | None:
    """The assignment that a merger implies, where the case was not with that unit already."""
    assert lead.unit is not None
    if case.state == "assigned" and case.unit is not None and case.unit.id == lead.unit.id:
        return None
    decision = cases.Decision(
        method="person",
        actor=act.actor,
        evidence=[cases.Evidence(kind="merged-into", value=lead.number)],
        alternatives=case.decision.alternatives,
        versions={"pack": district.version, "rules": district.rules_version},
    )
    outcome = Assign(
        unit=lead.unit.id,
        co_units=tuple(one.id for one in lead.co_units),
        class_id=lead.class_id or "",
        town=case.town or lead.town,
    )
    return assign(case, outcome, decision, act, district)
