"""Due dates in working days of China: public holidays out, make-up weekends in, every step printed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache

from pydantic import BaseModel, ConfigDict

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")  # no summer time since 1991
_DAY = timedelta(days=1)
_WEEKDAYS = "一二三四五六日"

Pause = tuple[date, date]


@dataclass(frozen=True, eq=False)
class WorkCalendar:
    """Public holidays and make-up working days by date, each with its Chinese name.

    `published` are the years whose arrangement is known whole; in `provisional` years only the statutory
    days are, and the computation says so. Compared by identity: it is big and made once.
    """

    holidays: Mapping[date, str] = field(default_factory=dict)
    make_up: Mapping[date, str] = field(default_factory=dict)
    published: frozenset[int] = frozenset()
    provisional: frozenset[int] = frozenset()

    def works(self, day: date) -> bool:
        """True on a working day."""
        return day in self.make_up or (day.weekday() < 5 and day not in self.holidays)


class Due(BaseModel):
    """The last day, and one Chinese sentence that lets a reader count it again."""

    model_config = ConfigDict(frozen=True)

    date: date
    computation: str


def due(
    start: datetime,
    days: int,
    calendar: WorkCalendar,
    *,
    paused: Iterable[tuple[date | datetime, date | datetime]] = (),
    extended_days: int = 0,
) -> Due:
    """`days` working days after the day of `start` (zone-aware), that day not counted.

    A pause (from, to) leaves out its days from the first on, the last not included; an extension adds
    working days. Raises ValueError without a zone or for a count below one.
    """
    if start.tzinfo is None:
        raise ValueError("start must carry a time zone")
    if days < 1 or extended_days < 0:
        raise ValueError("days must be at least 1 and the extension not negative")
    pauses = tuple(sorted((_shanghai(a), _shanghai(b)) for a, b in paused))
    return _due(_shanghai(start), days, calendar, pauses, extended_days)


def _shanghai(moment: date | datetime) -> date:
    if isinstance(moment, datetime):
        if moment.tzinfo is None:
            raise ValueError("moments must carry a time zone")
        return moment.astimezone(SHANGHAI).date()
    return moment


@lru_cache(maxsize=8192)
def _due(start: date, days: int, calendar: WorkCalendar, pauses: tuple[Pause, ...], extension: int) -> Due:
    left, day = days + extension, start
    weekend = 0
    skipped: list[tuple[date, str]] = []
    made_up: list[tuple[date, str]] = []
    paused_days = 0
    while left:
        day += _DAY
        if not calendar.works(day):
            if day in calendar.holidays:
                skipped.append((day, calendar.holidays[day]))
            else:
                weekend += 1
        elif any(first <= day < last for first, last in pauses):
            paused_days += 1
        else:
            left -= 1
            if day in calendar.make_up:
                made_up.append((day, calendar.make_up[day]))
    parts = [f"{_long(start)}起算（当日不计），共{days}个工作日"]
    if extension:
        parts.append(f"延期{extension}个工作日")
    if weekend:
        parts.append(f"跳过周末{weekend}天")
    parts += [f"跳过{name}{_span(span)}" for name, span in _runs(skipped)]
    parts += [f"{_short(d)}（周{_WEEKDAYS[d.weekday()]}）为{name}调休上班日，计入" for d, name in made_up]
    if paused_days:
        spans = "、".join(f"{_short(a)}至{_short(b)}" for a, b in pauses)
        parts.append(f"等待建议人答复期间（{spans}）暂停计时{paused_days}个工作日")
    parts += _caveats(start, day, calendar)
    return Due(date=day, computation="；".join(parts) + f"；截止{_long(day)}。")


def _caveats(start: date, end: date, calendar: WorkCalendar) -> list[str]:
    unsure = [y for y in range(start.year, end.year + 1) if y not in calendar.published]
    provisional = [str(y) for y in unsure if y in calendar.provisional]
    unknown = [str(y) for y in unsure if y not in calendar.provisional]
    notes = []
    if provisional:
        notes.append(f"{'、'.join(provisional)}年调休安排尚未收录，暂按周末和法定节日计算")
    if unknown:
        notes.append(f"{'、'.join(unknown)}年节假日安排尚未收录，暂只按周末计算")
    return notes


def _runs(skipped: list[tuple[date, str]]) -> list[tuple[str, list[date]]]:
    """Joins neighbouring days of one holiday, so that seven days print as one span."""
    runs: list[tuple[str, list[date]]] = []
    for day, name in skipped:
        if runs and runs[-1][0] == name and day - runs[-1][1][-1] == _DAY:
            runs[-1][1].append(day)
        else:
            runs.append((name, [day]))
    return runs


def _span(days: list[date]) -> str:
    if len(days) == 1:
        return f"（{_short(days[0])}）"
    return f"（{_short(days[0])}至{_short(days[-1])}，{len(days)}天）"


def _short(day: date) -> str:
    return f"{day.month}月{day.day}日"


def _long(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日（周{_WEEKDAYS[day.weekday()]}）"
