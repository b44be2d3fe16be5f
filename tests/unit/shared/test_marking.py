"""Marks wait for calm, go by rests under load, and hurry when they are late."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence

import pytest

from shared.contracts.pending import Pending
from shared.errors import Unavailable
from shared.messaging.marking import MAX_UNMARKED, Marking
from tests.support.clock import FrozenClock

TOOK_S = 0.02


class Store:
    """Takes 20 ms a piece on the test's clock."""

    def __init__(self, clock: FrozenClock) -> None:
        self.clock = clock
        self.pieces: list[tuple[float, list[str]]] = []
        self.faults = 0

    async def mark(self, batch: Sequence[Pending]) -> None:
        if self.faults:
            self.faults -= 1
            raise Unavailable("the database is busy")
        self.pieces.append((self.clock.monotonic(), [one.document_id for one in batch]))
        self.clock.advance(TOOK_S)

    @property
    def marked(self) -> list[str]:
        return [name for _, names in self.pieces for name in names]

    @property
    def rests(self) -> list[float]:
        return [after - before - TOOK_S for (before, _), (after, _) in itertools.pairwise(self.pieces)]


def pending(name: str, clock: FrozenClock) -> Pending:
    return Pending(document_id=name, entries=[], length=1, leased_until=clock.now())


class Burst:
    """One document every 10 ms of the test's clock, for `seconds`; the marking runs beside it."""

    def __init__(self, clock: FrozenClock) -> None:
        self.clock = clock
        self.store = Store(clock)
        self.marking = Marking(self.store.mark, clock, name="test")
        self.sent = 0

    async def last(self, seconds: float, *, at_once: int = 1) -> None:
        end, due = self.clock.monotonic() + seconds, self.clock.monotonic()
        task = asyncio.create_task(self.marking.run())
        while self.clock.monotonic() < end:
            while due <= self.clock.monotonic():
                self.marking.add([pending(str(self.sent + n), self.clock) for n in range(at_once)])
                self.sent += at_once
                due += 0.01
            await self.clock.sleep(0.001)
        task.cancel()


@pytest.fixture
def burst() -> Burst:
    return Burst(FrozenClock())


async def test_a_short_burst_is_marked_when_it_is_over(burst: Burst) -> None:
    await burst.last(0.9)
    assert burst.store.pieces == []
    task = asyncio.create_task(burst.marking.run())
    while len(burst.store.marked) < burst.sent:
        await asyncio.sleep(0)
    task.cancel()
    assert burst.store.marked == [str(number) for number in range(burst.sent)]


async def test_under_steady_load_marks_keep_pace_by_pieces_with_rests_between(burst: Burst) -> None:
    await burst.last(30.0)
    assert len(burst.store.marked) >= burst.sent - 800  # a hundred a second, at most eight seconds behind
    assert min(burst.store.rests) > TOOK_S  # the store is free for others most of the time


async def test_what_is_late_goes_without_rests(burst: Burst) -> None:
    await burst.last(2.0, at_once=100)
    assert burst.sent > 2 * MAX_UNMARKED
    assert max(burst.store.rests[-20:]) < TOOK_S


async def test_a_fault_of_the_store_delays_marks_and_loses_none(burst: Burst) -> None:
    burst.store.faults = 2
    burst.marking.add([pending("A", burst.clock)])
    task = asyncio.create_task(burst.marking.run())
    while not burst.store.marked:
        await asyncio.sleep(0)
    task.cancel()
    assert burst.store.marked == ["A"]
    assert burst.marking.lengths() == {}
