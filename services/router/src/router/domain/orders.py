"""Supervision orders (督办单) as steps of a case: each level once, as an event. Pure."""

from __future__ import annotations

from datetime import datetime

from router.domain import working_days
from router.domain.case import Case, Level
from router.domain.district import District
from router.domain.steps import Act, Step, common, step
from router.domain.supervision import days_over, speaks
from shared.contracts import cases
from shared.contracts.cases import Due

CLOCK = "clock"
CAUSES: dict[Level, str] = {"reminder": "due-soon", "yellow": "overdue", "red": "still-overdue"}
ANSWER_WITHIN: dict[Level, int] = {"reminder": 2, "yellow": 2, "red": 1}
"""Working days that an order leaves for the answer (our defaults)."""


def issued(case: Case, district: District, now: datetime) -> Step:
    """What the clock has to say about a case now: one order, or only when to look again."""
    level, look_again = speaks(case, now, district)
    if level is None or case.due is None:
        waiting = case.model_copy(update={"clock_at": look_again, "version": case.version + 1})
        return Step(case=waiting, events=())
    counted = working_days.due(now, ANSWER_WITHIN[level], district.calendar)
    answer_by = Due(date=counted.date.isoformat(), computation=counted.computation)
    event = cases.CaseSupervised(
        **common(case, now),
        level=level,
        cause=CAUSES[level],
        days_over=days_over(case.due, now, district.calendar),
        answer_by=case.due if level == "reminder" else answer_by,
    )
    act = Act(actor=CLOCK, action="supervised", now=now, reason=level)
    return step(case, act, [event], supervised=[*case.supervised, level], clock_at=look_again)
