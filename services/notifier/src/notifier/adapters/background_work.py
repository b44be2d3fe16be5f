"""What runs while the service is up: started with patience, watched, ended with it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any

import structlog

from shared.clock import Clock
from shared.runtime.startup import Startup

_log = structlog.get_logger(__name__)


class BackgroundWork:
    """Loops that run side by side once each step of `first` is done; where one ends all do, and `check` says so."""

    def __init__(
        self,
        clock: Clock,
        first: Mapping[str, Callable[[], Awaitable[None]]],
        loops: Sequence[Callable[[], Coroutine[Any, Any, None]]],
    ) -> None:
        self._startup = Startup(clock)
        self._first = first
        self._loops = loops
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """In the background: a service that waits for its broker answers health meanwhile."""
        self._tasks.add(asyncio.create_task(self._run(), name="notifier"))

    async def _run(self) -> None:
        """Wait for broker and database, then work; a missing topic is said loudly and looked for again."""
        for name, step in self._first.items():
            await self._startup.until_done(name, step)
        self._startup.finish()
        _log.info("started")
        async with asyncio.TaskGroup() as group:
            for loop in self._loops:
                group.create_task(loop())

    async def check(self) -> str | None:
        """None: all at work; else what is awaited or has ended."""
        return self._startup.check(self._tasks)

    async def stop(self) -> None:
        """Cancel what runs and wait for it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
