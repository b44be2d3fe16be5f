"""A start that waits says what for, and never dies in silence."""

from __future__ import annotations

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
