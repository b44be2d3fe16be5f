"""Due dates over the real holidays of 2025–2027."""

from datetime import UTC, date, datetime, timedelta

import pytest

from router.adapters.holidays import work_calendar
from router.domain.working_days import SHANGHAI, WorkCalendar, due
from tests.support.pack import linghe


@pytest.fixture(scope="module")
def calendar() -> WorkCalendar:
    return linghe().calendar


def at(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(hour=10, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("start", "days", "expected"),
    [
        ("2025-01-24", 3, "2025-02-05"),  # make-up Sunday 26 January, then the Spring Festival
        ("2025-02-06", 2, "2025-02-08"),  # make-up Saturday
        ("2025-04-25", 5, "2025-05-06"),  # make-up Sunday 27 April, then Labour Day
        ("2025-09-26", 5, "2025-10-10"),  # make-up Sunday 28 September, National Day and Mid-Autumn
        ("2025-09-26", 6, "2025-10-11"),  # make-up Saturday
        ("2025-12-31", 1, "2026-01-04"),  # make-up Sunday of New Year 2026
        ("2026-02-13", 2, "2026-02-24"),  # make-up Saturday, then nine days of Spring Festival
        ("2026-02-26", 2, "2026-02-28"),  # make-up Saturday
        ("2026-03-31", 5, "2026-04-08"),  # Qingming
        ("2026-04-30", 4, "2026-05-09"),  # Labour Day, then a make-up Saturday
        ("2026-06-18", 1, "2026-06-22"),  # Dragon Boat on a Friday
        ("2026-09-18", 5, "2026-09-24"),  # make-up Sunday 20 September
        ("2026-09-24", 15, "2026-10-22"),  # Mid-Autumn, National Day, make-up Saturday 10 October
        ("2026-11-24", 15, "2026-12-15"),
        ("2026-11-24", 30, "2027-01-06"),  # into 2027: New Year is statutory
        ("2027-02-04", 1, "2027-02-09"),
        ("2027-04-30", 1, "2027-05-03"),
        ("2027-06-08", 1, "2027-06-10"),
        ("2027-09-14", 1, "2027-09-16"),
        ("2027-09-30", 1, "2027-10-04"),
        ("2027-12-31", 1, "2028-01-03"),
    ],
)
def test_a_due_date_counts_make_up_days_and_leaves_out_holidays(
    calendar: WorkCalendar, start: str, days: int, expected: str
) -> None:
    assert due(at(start), days, calendar).date == date.fromisoformat(expected)


def test_the_computation_names_what_was_skipped_and_what_was_counted(calendar: WorkCalendar) -> None:
    text = due(at("2026-09-24"), 15, calendar).computation
    assert text.startswith("2026年9月24日（周四）起算（当日不计），共15个工作日；")
    assert "中秋（9月25日至9月27日，3天）" in text
    assert "国庆节（10月1日至10月7日，7天）" in text
    assert "10月10日（周六）为国庆节调休上班日，计入" in text
    assert text.endswith("截止2026年10月22日（周四）。")
    assert "尚未收录" not in text


def test_a_year_without_a_published_arrangement_is_said_to_be_provisional(calendar: WorkCalendar) -> None:
    text = due(at("2026-11-24"), 30, calendar).computation
    assert "跳过元旦（1月1日）" in text
    assert "2027年调休安排尚未收录，暂按周末和法定节日计算" in text


def test_a_year_nobody_entered_counts_weekends_alone_and_says_so(calendar: WorkCalendar) -> None:
    found = due(at("2029-09-28"), 2, calendar)
    assert found.date == date(2029, 10, 2)
    assert "2029年节假日安排尚未收录，暂只按周末计算" in found.computation


def test_the_day_is_the_one_in_shanghai_not_in_utc(calendar: WorkCalendar) -> None:
    late = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)  # already Tuesday in Shanghai
    assert due(late, 1, calendar).date == date(2026, 3, 4)


def test_a_pause_moves_the_due_date_by_its_working_days_and_is_printed(calendar: WorkCalendar) -> None:
    plain = due(at("2026-03-02"), 5, calendar)
    paused = due(at("2026-03-02"), 5, calendar, paused=[(at("2026-03-05"), at("2026-03-10"))])
    assert plain.date == date(2026, 3, 9)
    assert paused.date == date(2026, 3, 12)  # Thursday, Friday and Monday stood still
    assert "（3月5日至3月10日）暂停计时3个工作日" in paused.computation


def test_a_question_answered_the_same_day_costs_nothing(calendar: WorkCalendar) -> None:
    same = due(at("2026-03-02"), 5, calendar, paused=[(at("2026-03-05"), at("2026-03-05"))])
    assert same.date == due(at("2026-03-02"), 5, calendar).date


def test_one_extension_adds_working_days_and_is_printed(calendar: WorkCalendar) -> None:
    longer = due(at("2026-03-02"), 15, calendar, extended_days=10)
    assert longer.date == due(at("2026-03-02"), 25, calendar).date
    assert "延期10个工作日" in longer.computation


def test_a_moment_without_a_zone_is_refused(calendar: WorkCalendar) -> None:
    with pytest.raises(ValueError, match="time zone"):
        due(datetime(2026, 3, 2), 5, calendar)


@pytest.mark.parametrize(("days", "extended"), [(0, 0), (-1, 0), (5, -1)])
def test_counts_that_mean_nothing_are_refused(calendar: WorkCalendar, days: int, extended: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        due(at("2026-03-02"), days, calendar, extended_days=extended)


def test_ten_thousand_due_dates_walk_each_distinct_day_only_once(calendar: WorkCalendar) -> None:
    """Not by the wall clock: the walk is cached per day and rule, and a day's moments share it."""
    from router.domain import working_days

    working_days._due.cache_clear()
    base = at("2026-03-02")
    for minute in range(10_000):
        due(base + timedelta(minutes=minute), 15, calendar)
    assert working_days._due.cache_info().misses <= 8


def test_days_given_for_a_year_that_the_library_knows_do_not_override_it() -> None:
    calendar = work_calendar({date(2026, 3, 4): "自定"}, {date(2026, 3, 7): "自定"})
    assert calendar.works(date(2026, 3, 4))
    assert not calendar.works(date(2026, 3, 7))


def test_a_year_entered_as_published_is_no_longer_provisional() -> None:
    calendar = work_calendar({date(2027, 1, 1): "元旦"}, {date(2027, 1, 3): "元旦"}, frozenset({2027}))
    found = due(at("2026-12-31"), 1, calendar)
    assert found.date == date(2027, 1, 3)
    assert "元旦调休上班日，计入" in found.computation
    assert "尚未收录" not in found.computation
