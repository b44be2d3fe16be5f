"""The steps that machine and people share: give to a unit, decline, ask a person. Pure: a case in, the next one out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from router.domain import working_days
from router.domain.case import Action, Case, Entry, Lesson, queue_key
from router.domain.decision import Assign
from router.domain.district import District
from router.domain.supervision import first_look
from shared.contracts import cases
from shared.contracts.cases import Due, Unit
from shared.contracts.model import EventData

MACHINE = "router"
WAITS_NOT: dict[str, Any] = {"reasons": [], "queue_key": None}
"""Fields of a case that waits for no person's decision."""


@dataclass(frozen=True)
class Step:
    """The case as it is afterwards, and what others are told, in order."""

    case: Case
    events: tuple[EventData, ...]


@dataclass(frozen=True, kw_only=True)
class Act:
    """Who acts, when, and why; `action` is what the history calls it."""

    actor: str
    action: Action
    now: datetime
    reason: str | None = None


def assign(
    case: Case, outcome: Assign, decision: cases.Decision, act: Act, district: District, lesson: Lesson | None = None
) -> Step:
    """To a unit and its co-handlers, with a due date; accepted first, where it was not yet."""
    unit = Unit(id=outcome.unit, name=name_of(outcome.unit, district))
    co_units = [Unit(id=one, name=name_of(one, district)) for one in outcome.co_units]
    due = due_of_class(case.suggestion.received_at, outcome.class_id, district)
    about = common(case, act.now)
    class_id = outcome.class_id or None
    events: list[EventData] = [] if case.accepted_at else [cases.CaseAccepted(**about)]
    events.append(
        cases.CaseAssigned(**about, unit=unit, co_units=co_units, decision=decision, due=due, class_id=class_id)
    )
    return step(
        case,
        act,
        events,
        state="assigned",
        decision=decision,
        unit=unit,
        co_units=co_units,
        units=[unit.id, *(one.id for one in co_units)],
        class_id=class_id,
        town=outcome.town,
        ground=None,
        redirect=None,
        accepted_at=case.accepted_at or act.now,
        due=due,
        clock_at=first_look(due, district),
        lesson=lesson or case.lesson,
        **WAITS_NOT,
    )


def decline(case: Case, ground: str, redirect: str, decision: cases.Decision, act: Act) -> Step:
    """Not taken on; an emergency that the machine pointed elsewhere stays in the queue until a person has seen it."""
    event = cases.CaseDeclined.model_validate(
        {**common(case, act.now), "ground": ground, "redirect": redirect, "decision": decision}
    )
    unseen = act.actor == MACHINE and case.emergency is not None
    return step(
        case,
        act,
        [event],
        state="declined",
        decision=decision,
        ground=event.ground,
        redirect=redirect,
        reasons=[],
        queue_key=queue_key(case.suggestion_id, emergency=True) if unseen else None,
        clock_at=None,
    )


def ask_person(case: Case, reasons: Sequence[str], decision: cases.Decision, act: Act) -> Step:
    """Into the review queue, emergencies first; `reasons` are the pack's codes."""
    urgent = case.emergency is not None
    if case.emergency:
        pointer = cases.Evidence(kind="emergency-pointer", value=case.emergency)
        decision = decision.model_copy(update={"evidence": [*decision.evidence, pointer]})
    event = cases.CaseReviewRequested(
        **common(case, act.now), reasons=list(reasons), decision=decision, emergency=urgent
    )
    return step(
        case,
        act,
        [event],
        state="in-review",
        decision=decision,
        reasons=list(reasons),
        queue_key=queue_key(case.suggestion_id, emergency=urgent),
    )


def step(case: Case, act: Act, events: Sequence[EventData] = (), **fields: Any) -> Step:
    """The case with `fields` changed, one version on, and a line in its history."""
    decision: cases.Decision | None = fields.get("decision")
    line = Entry(
        at=act.now,
        actor=act.actor,
        action=act.action,
        state=fields.get("state", case.state),
        reason=act.reason or None,
        unit=fields.get("unit"),
        method=decision.method if decision else None,
        versions=decision.versions if decision else {},
    )
    after = case.model_copy(update={**fields, "version": case.version + 1, "history": [*case.history, line]})
    return Step(case=after, events=tuple(events))


def common(case: Case, now: datetime) -> dict[str, Any]:
    """The fields that every event of a case has."""
    return {"suggestion_id": case.suggestion_id, "case_id": case.suggestion_id, "number": case.number, "at": now}


def due_of_class(received_at: datetime, class_id: str, district: District) -> Due:
    """Working days from the day of receipt, however long the screening took; key fields have more."""
    key = class_id in district.classes and district.first_level(class_id) in district.clock.key_classes
    days = district.clock.key if key else district.clock.handle
    counted = working_days.due(received_at, days, district.calendar)
    return Due(date=counted.date.isoformat(), computation=counted.computation)


def name_of(unit: str, district: District) -> str:
    """A unit's Chinese name; its id where the pack no longer has it."""
    body = district.bodies.get(unit)
    return body.name.zh if body else unit
