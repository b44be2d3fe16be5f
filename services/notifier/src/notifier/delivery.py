"""The loop that takes due mails and delivers them, several at a time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import structlog

from notifier.domain.notice import Notice
from notifier.handlers.deliver import Delivering
from notifier.ports import Job, Jobs
from shared.clock import Clock
from shared.errors import MinshengError

_log = structlog.get_logger(__name__)
LOOK_EVERY_S = 1.0
AWAY_MAX_PAUSE_S = 30.0
STALLED_S = 60.0
STOP_TIMEOUT_S = 6.0


class DeliveryLoop:
    """Claims mails that are due and hands them on; stops taking new ones while the mail server is away."""

    def __init__(
        self,
        jobs: Jobs,
        delivering: Delivering,
        clock: Clock,
        *,
        concurrency: int,
        attempted: Callable[[Notice, str], None],
    ) -> None:
        self._jobs = jobs
        self._delivering = delivering
        self._clock = clock
        self._concurrency = concurrency
        self._attempted = attempted
        self._wake = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        self._away = 0
        self._last_round = clock.monotonic()

    def wake(self) -> None:
        """Something was queued: look now."""
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled; what is under way then is finished within `STOP_TIMEOUT_S`."""
        try:
            while True:
                self._last_round = self._clock.monotonic()
                self._wake.clear()
                try:
                    claimed = await self._fill()
                except MinshengError as error:
                    _log.warning("claiming_delayed", code=error.code)
                    await self._clock.sleep(LOOK_EVERY_S)
                    continue
                if self._away:
                    await self._clock.sleep(min(AWAY_MAX_PAUSE_S, 2.0**self._away) * random.uniform(0.5, 1.0))
                elif not claimed:
                    await self._idle()
        finally:
            if self._running:
                await asyncio.wait(self._running, timeout=STOP_TIMEOUT_S)

    async def _fill(self) -> bool:
        """Claim as many as there is room for; False when nothing is due or there is no room."""
        # While the server is away one mail at a time probes it; the others keep their place.
        room = (1 if self._away else self._concurrency) - len(self._running)
        if room <= 0:
            await asyncio.wait(self._running, timeout=LOOK_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
            return True
        for _ in range(room):
            job = await self._jobs.claim()
            if job is None:
                return False
            task = asyncio.create_task(self._one(job))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return True

    async def _one(self, job: Job) -> None:
        try:
            outcome = await self._delivering.deliver(job)
        except MinshengError as error:
            _log.warning("delivery_unfinished", notice=job.notice.id, code=error.code)
            return
        except Exception as error:  # a bug: the lease brings the mail back, the loop must go on
            _log.error("delivery_failed", notice=job.notice.id, error_type=type(error).__name__, exc_info=error)
            return
        self._away = (
            min(self._away + 1, 8) if outcome == "away" else (0 if outcome in ("sent", "failed") else self._away)
        )
        self._attempted(job.notice, outcome)
        if outcome != "blocked":
            _log.info("notice", notice=job.notice.id, form=job.notice.form, outcome=outcome)
        self._wake.set()

    async def _idle(self) -> None:
        try:
            async with asyncio.timeout(LOOK_EVERY_S):
                await self._wake.wait()
        except TimeoutError:  # time to look by oneself
            pass

    async def check(self) -> str | None:
        """Readiness: the loop goes round."""
        idle = self._clock.monotonic() - self._last_round
        return f"mails have not been looked for for {idle:.0f} s" if idle > STALLED_S else None
