"""The working calendar: what `chinesecalendar` knows, and what the pack adds for years it does not."""

from collections.abc import Mapping
from datetime import date

from chinese_calendar import constants

from router.domain.working_days import WorkCalendar

_FIRST_YEAR = 2024  # no case of ours is older


def work_calendar(
    holidays: Mapping[date, str] | None = None,
    make_up: Mapping[date, str] | None = None,
    published: frozenset[int] = frozenset(),
) -> WorkCalendar:
    """The library's years from 2024 on, and the given days of later years.

    Days given for a year that the library has are ignored: the State Council's arrangement stands.
    `published` names the given years whose arrangement is official and whole.
    """
    known = frozenset(d.year for d in constants.holidays if d.year >= _FIRST_YEAR)
    names = {h.value: h.chinese for h in constants.Holiday}
    off = {d: names.get(n, n) for d, n in constants.holidays.items() if d.year in known}
    on = {d: names.get(n, n) for d, n in constants.workdays.items() if d.year in known}
    more_off = {d: n for d, n in (holidays or {}).items() if d.year not in known}
    more_on = {d: n for d, n in (make_up or {}).items() if d.year not in known}
    added = frozenset(d.year for d in (*more_off, *more_on))
    return WorkCalendar(
        holidays=off | more_off,
        make_up=on | more_on,
        published=known | (published & added),
        provisional=added - published - known,
    )
