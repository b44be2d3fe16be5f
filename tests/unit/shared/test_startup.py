"""A start that waits says what for, and never dies in silence."""

from __future__ import annotations

import asyncio

from shared.errors import Unavailable
from shared.runtime.startup import Startup
from tests.support.clock import FrozenClock


async def test_every_kind_of_failure_is_named_and_tried_again() -> None:
    clock = FrozenClock()
    startup = Startup(clock)
    failures: list[Exception] = [Unavailable("database: away"), ValueError("an index of another shape")]
    said: list[str | None] = []

    async def prepare() -> None:
        said.append(startup.waiting)
        if failures:
            raise failures.pop(0)

    await startup.until_done("database", prepare)
    assert said == ["starting", "database: database: away", "database: ValueError"]
    assert len(clock.slept) == 2
    startup.finish()
    assert startup.waiting is None


async def test_a_task_that_ended_is_named_and_what_it_knew_is_not() -> None:
    startup = Startup(FrozenClock())

    async def fails() -> None:
        raise ValueError("13800001234")

    running = asyncio.create_task(asyncio.sleep(60), name="relay")
    ended = asyncio.create_task(fails(), name="projection")
    await asyncio.wait([ended])
    assert startup.check([running]) == "starting"
    startup.finish()
    assert startup.check([running]) is None
    assert startup.check([running, ended]) == "ended: projection"
    running.cancel()
