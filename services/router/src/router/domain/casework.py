"""What people may do with a case: assign, decline, resolve, acknowledge. Pure: the next case and its events come out.

Every act raises `InvalidInput` where it is not possible in the case's state; nothing here writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import get_args

from router.domain.case import Answer, Case, Lesson, State
from router.domain.decision import Assign
from router.domain.district import Account, District
from router.domain.steps import Act, Step, assign, common, decline, step
from shared.contracts import cases
from shared.contracts.cases import Ground, Outcome
from shared.errors import InvalidInput


def assigned(
    case: Case,
    *,
    unit: str,
    co_units: Sequence[str],
    class_id: str | None,
    reason: str,
    by: Account,
    district: District,
    now: datetime,
) -> Step:
    """A person gives the case to a unit and its co-handlers; also mends an earlier assignment or decline."""
    _require(case, "in-review", "assigned", "merged", "declined")
    for one, pointer in ((unit, "/unit"), *((co, "/co_units") for co in co_units)):
        if one not in district.bodies:
            raise InvalidInput("This unit is not known.", code="unknown-unit", pointer=pointer)
    if class_id and class_id not in district.classes:
        raise InvalidInput("This class is not known.", code="unknown-class", pointer="/class_id")
    outcome = Assign(
        unit=unit,
        co_units=tuple(dict.fromkeys(one for one in co_units if one != unit)),
        class_id=class_id or case.class_id or "",
        town=case.town,
    )
    act = Act(actor=by.id, action="assigned", now=now, reason=reason)
    # What a machine heard and no person confirmed teaches nothing about words.
    teaches = bool(class_id) and bool(case.text.strip()) and not (case.spoken and _doubted(case))
    lesson = Lesson(class_id=class_id or "", by=by.id, at=now) if teaches else None
    case = case.model_copy(update={"merged_into": None})  # a merged one goes its own way again
    return assign(case, outcome, _of_person(case, act, district), act, district, lesson)


def declined(case: Case, *, ground: str, reason: str, by: Account, district: District, now: datetime) -> Step:
    """A person declines on a coded ground, which also names the way to use instead."""
    _require(case, "in-review", "assigned")
    if ground not in district.grounds or ground not in get_args(Ground):
        raise InvalidInput("This ground is not known.", code="unknown-ground", pointer="/ground")
    act = Act(actor=by.id, action="declined", now=now, reason=reason or ground)
    return decline(case, ground, district.grounds[ground].redirect.zh, _of_person(case, act, district), act)


def resolved(case: Case, *, outcome: str, answer: str, reason: str, by: Account, now: datetime) -> Step:
    """The lead unit's answer ends the handling; not adopting something needs a reason."""
    _require(case, "assigned", "merged")
    assert case.unit is not None
    if outcome not in get_args(Outcome):
        raise InvalidInput("Please choose an outcome.", code="unknown-outcome", pointer="/outcome")
    if not answer.strip():
        raise InvalidInput("Please write the answer.", code="blank", pointer="/answer")
    if outcome == "not-adopted" and not reason.strip():
        raise InvalidInput("Please say why it is not adopted.", code="blank", pointer="/reason")
    kept = Answer.model_validate(
        {
            "outcome": outcome,
            "answer": answer.strip(),
            "reason": reason.strip() or None,
            "actor": by.id,
            "unit": case.unit,
            "at": now,
        }
    )
    event = cases.CaseResolved(
        **common(case, now),
        unit=case.unit,
        outcome=kept.outcome,
        answer=kept.answer,
        reason=kept.reason,
        actor=by.id,
    )
    act = Act(actor=by.id, action="resolved", now=now, reason=kept.reason)
    return step(case, act, [event], state="resolved", answer=kept, clock_at=None)


def acknowledged(case: Case, *, reason: str, by: Account, now: datetime) -> Step:
    """A person has seen an emergency that the machine already pointed to 110, 119 or 120."""
    _require(case, "declined")
    if case.queue_key is None:
        raise InvalidInput("This case does not wait for anyone.", code="wrong-state")
    return step(case, Act(actor=by.id, action="acknowledged", now=now, reason=reason), queue_key=None)


def example_removed(case: Case, *, by: Account, now: datetime) -> Step:
    """The text model shall not learn from this case after all."""
    if case.lesson is None:
        raise InvalidInput("This case is no example.", code="wrong-state")
    return step(case, Act(actor=by.id, action="example-removed", now=now), lesson=None)


def _doubted(case: Case) -> bool:
    heard = case.suggestion.transcript
    return heard is not None and heard.verdict != "clear"


def _of_person(case: Case, act: Act, district: District) -> cases.Decision:
    """A person's decision keeps what the machine knew as its alternatives."""
    return cases.Decision(
        method="person",
        actor=act.actor,
        evidence=[cases.Evidence(kind="reason", value=act.reason)] if act.reason else [],
        alternatives=case.decision.alternatives,
        versions={"pack": district.version, "rules": district.rules_version},
    )


def _require(case: Case, *states: State) -> None:
    if case.state not in states:
        raise InvalidInput("This is not possible in the case's present state.", code="wrong-state")
