"""What must be there before a process works: each step is tried until it is done; health says which is awaited."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import structlog

from shared.clock import Clock
from shared.errors import MinshengError

_log = structlog.get_logger(__name__)
RETRY_S = 1.0


class Startup:
    """Prevents a start that dies in silence: what goes wrong is logged, named on the health page and tried again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.waiting: str | None = "starting"
        """Reason for not being ready; None once `finish` was called."""

    async def until_done(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Try `work` until it succeeds."""
        while True:
            try:
                await work()
                return
            except (MinshengError, OSError) as error:
                self.waiting = f"{name}: {error}"
            except Exception as error:  # Kafka's client raises many kinds while the broker is away
                self.waiting = f"{name}: {type(error).__name__}"
            _log.warning("not_prepared", reason=self.waiting)
            await self._clock.sleep(RETRY_S)

    def finish(self) -> None:
        """All steps are done."""
        self.waiting = None

    def check(self, tasks: Iterable[asyncio.Task[Any]]) -> str | None:
        """Readiness: None when all steps are done and all `tasks`, which should run for ever, do."""
        if self.waiting:
            return self.waiting
        ended = [task.get_name() for task in tasks if task.done()]
        return f"ended: {', '.join(ended)}" if ended else None
