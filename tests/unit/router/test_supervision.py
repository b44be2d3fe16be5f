"""When the clock speaks, and that it says each thing once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from router.domain.case import Case
from router.domain.supervision import days_over, moments
from router.handlers.act import Act
from router.handlers.decide import Decide
from router.handlers.open_case import OpenCase
from router.handlers.supervise import Supervise
from shared.contracts.cases import Due
from tests.support.casework import CountedNumbers, HeldLease, MemoryCases, account, said, submitted
from tests.support.clock import FrozenClock
from tests.support.pack import linghe


class Watch:
    """One assigned case, due 2026-12-15 (a Tuesday), and the scheduler."""

    def __init__(self) -> None:
        self.clock, self.store, self.lease = FrozenClock(), MemoryCases(), HeldLease()
        decide = Decide(linghe, lambda text: text)
        self._open = OpenCase(decide, self.store, CountedNumbers(), linghe, self.clock)
        self.supervise = Supervise(self.store, linghe, self.clock, self.lease)

    async def opened(self) -> Case:
        data = said()
        await self._open(submitted(data))
        return self.store.cases[data.suggestion_id]

    def go_to(self, day: str) -> None:
        """09:00 in the district on that day."""
        moment = datetime.fromisoformat(f"{day}T01:00:00+00:00")
        self.clock.advance((moment - self.clock.now()).total_seconds())

    def orders(self) -> list[tuple[str, int]]:
        return [(event.level, event.days_over) for name, event, _ in self.store.events if name == "case.supervised.v1"]


@pytest.fixture
def watch() -> Watch:
    return Watch()


async def test_reminder_yellow_and_red_come_in_time_and_once_each(watch: Watch) -> None:
    case = await watch.opened()
    assert case.due is not None
    assert case.due.date == "2026-12-15"
    for day in (
        "2026-11-30",
        "2026-12-10",
        "2026-12-11",
        "2026-12-14",
        "2026-12-15",
        "2026-12-16",
        "2026-12-18",
        "2026-12-30",
    ):
        watch.go_to(day)
        for _ in range(3):
            await watch.supervise.once()
    assert watch.orders() == [("reminder", 0), ("yellow", 1), ("red", 3)]
    after = watch.store.cases[case.suggestion_id]
    assert (after.supervised, after.clock_at) == (["reminder", "yellow", "red"], None)
    assert [line.reason for line in after.history if line.action == "supervised"] == ["reminder", "yellow", "red"]


async def test_a_scheduler_that_slept_issues_only_the_highest_level(watch: Watch) -> None:
    await watch.opened()
    watch.go_to("2026-12-17")
    assert await watch.supervise.once() == 1
    assert watch.orders() == [("yellow", 2)]


async def test_an_answered_case_is_left_in_peace(watch: Watch) -> None:
    case = await watch.opened()
    unit = account("handler", "jiaojing")
    await Act(watch.store, linghe, watch.clock).resolve(
        unit, case.suggestion_id, case.version, outcome="adopted", answer="已办。"
    )
    watch.go_to("2026-12-30")
    assert await watch.supervise.once() == 0
    assert watch.orders() == []


async def test_who_does_not_hold_the_lease_does_nothing(watch: Watch) -> None:
    await watch.opened()
    watch.go_to("2026-12-30")
    watch.lease.held = False
    assert await watch.supervise.once() == 0
    assert watch.orders() == []


async def test_a_write_that_lost_the_race_is_not_counted(watch: Watch) -> None:
    await watch.opened()
    watch.go_to("2026-12-30")
    watch.store.changed_meanwhile = True
    assert await watch.supervise.once() == 0
    assert watch.orders() == []


def test_the_moments_lie_on_working_days_around_holidays() -> None:
    # 2026-09-30 is the last working day before the National Day holiday; 10-08 the first after it.
    at = moments(Due(date="2026-09-30", computation=""), linghe())
    days = {level: moment.astimezone(UTC).date().isoformat() for level, moment in at.items()}
    assert days == {"reminder": "2026-09-28", "yellow": "2026-10-08", "red": "2026-10-10"}


def test_days_over_count_working_days_only() -> None:
    due = Due(date="2026-12-11", computation="")  # a Friday
    friday = datetime(2026, 12, 11, 4, tzinfo=UTC)
    counts = [days_over(due, friday + timedelta(days=n), linghe().calendar) for n in range(5)]
    assert counts == [0, 0, 0, 1, 2]
