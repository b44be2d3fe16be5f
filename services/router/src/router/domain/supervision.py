"""Supervision (督): when the clock speaks, at which level, and what it says. Pure."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from router.domain.case import Case, Level
from router.domain.district import District
from router.domain.working_days import SHANGHAI, WorkCalendar
from shared.contracts.cases import Due

REMIND_BEFORE = 2
"""Working days before the due date that the unit is reminded (our default; no text gives a figure)."""
RED_AFTER = 3
"""Working days over before the order turns red and goes to the leader."""
START_OF_WORK = time(8, 30)
_DAY = timedelta(days=1)


def moments(due: Due, district: District) -> dict[Level, datetime]:
    """When each level falls due: the start of a working day, Asia/Shanghai."""
    last = date.fromisoformat(due.date)
    days: dict[Level, date] = {
        "reminder": _shift(last, -REMIND_BEFORE, district.calendar),
        "yellow": _shift(last, 1, district.calendar),
        "red": _shift(last, RED_AFTER, district.calendar),
    }
    return {level: datetime.combine(day, START_OF_WORK, SHANGHAI) for level, day in days.items()}


def first_look(due: Due, district: District) -> datetime:
    """When the clock first has something to say about a case."""
    return moments(due, district)["reminder"]


def speaks(case: Case, now: datetime, district: District) -> tuple[Level | None, datetime | None]:
    """The one level to issue now (the highest that is due and not yet issued), and when to look again.

    Levels that were overtaken (the scheduler slept) are not issued afterwards: an order replaces a reminder.
    """
    if case.due is None or case.state not in ("assigned", "merged"):
        return None, None
    at = moments(case.due, district)
    order: tuple[Level, ...] = ("reminder", "yellow", "red")
    passed = [level for level in order if at[level] <= now]
    later = [at[level] for level in order if at[level] > now]
    level = passed[-1] if passed and passed[-1] not in case.supervised else None
    return level, min(later) if later else None


def days_over(due: Due, now: datetime, calendar: WorkCalendar) -> int:
    """Working days from the day after the due date to today, today included; 0 while it is not over."""
    day, today, over = date.fromisoformat(due.date), now.astimezone(SHANGHAI).date(), 0
    while day < today:
        day += _DAY
        over += calendar.works(day)
    return over


def _shift(day: date, count: int, calendar: WorkCalendar) -> date:
    step = _DAY if count > 0 else -_DAY
    left = abs(count)
    while left:
        day += step
        left -= calendar.works(day)
    return day
