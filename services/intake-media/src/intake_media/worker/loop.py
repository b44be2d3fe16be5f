"""The loops of a worker: claim jobs of its lane and work on them side by side, ready only when it can."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from intake_media.domain.jobs import Job
from intake_media.domain.recording import Lane
from intake_media.domain.transcript import Transcript
from intake_media.handlers.transcribe import Done
from intake_media.ports.jobs import Jobs
from intake_media.worker.backlog import POLL_S as BACKLOG_POLL_S
from intake_media.worker.backlog import Backlog
from intake_media.worker.leased_work import LeasedWork
from shared import crash_points
from shared.clock import Clock
from shared.errors import MinshengError

_log = structlog.get_logger(__name__)
POLL_S = 0.25
COPY_POLL_S = 1.5
OUTAGE_PAUSE_S = 1.0
STUCK_S = 120.0


class Worker:
    """Works on `concurrency` jobs of one lane side by side until cancelled, and on `ahead` more while many wait."""

    def __init__(
        self,
        *,
        lane: Lane,
        jobs: Jobs,
        transcribe: Callable[[Job], Awaitable[Done]],
        copy: Callable[[Job], Awaitable[Done]] | None,
        prepare: Callable[[], Awaitable[None]],
        clock: Clock,
        renew_every_s: float,
        concurrency: int = 1,
        ahead: int = 1,
        on_done: Callable[[Transcript, float], None] = lambda _transcript, _seconds: None,
        on_returned: Callable[[str], None] = lambda _code: None,
    ) -> None:
        self._lane = lane
        self._jobs = jobs
        self._transcribe = transcribe
        self._copy = copy
        self._prepare = prepare
        self._clock = clock
        self._concurrency = concurrency
        self._ahead = ahead
        self._work = LeasedWork(jobs, clock, renew_every_s=renew_every_s, on_done=on_done, on_returned=on_returned)
        self._backlog = Backlog(jobs, lane, clock)
        self._fault: str | None = "loading the model"
        self._last_look = clock.monotonic()
        self._working = 0
        self._busy = asyncio.Event()
        """Set while every decoder has a recording: only then is there anything to fetch ahead."""

    async def run(self) -> None:
        """Until cancelled; then every job in hand is given back at once."""
        await self._become_able()
        async with asyncio.TaskGroup() as loops:
            for _ in range(self._concurrency):
                loops.create_task(self._loop(POLL_S, self._next))
            for _ in range(self._ahead):
                loops.create_task(self._loop(BACKLOG_POLL_S, self._next_of_backlog))
            if self._copy is not None:
                loops.create_task(self._copy_loop(self._copy))

    async def _become_able(self) -> None:
        """A worker without weights or engine takes no job: it would only hold it up."""
        while True:
            try:
                await self._prepare()
            except MinshengError as error:
                self._fault = f"{error.code}: {error}"
                _log.error("worker_not_able", code=error.code, reason=str(error))
                await self._clock.sleep(10 * OUTAGE_PAUSE_S)
            else:
                self._fault = None
                _log.info("worker_ready", channel=self._lane, concurrency=self._concurrency)
                return

    async def _next(self) -> Job | None:
        self._last_look = self._clock.monotonic()
        return await self._jobs.claim(self._lane)

    async def _next_of_backlog(self) -> Job | None:
        await self._busy.wait()
        return await self._backlog.claim()

    async def _loop(self, poll_s: float, following: Callable[[], Awaitable[Job | None]]) -> None:
        while True:
            try:
                job = await following()
            except MinshengError as error:
                _log.warning("queue_not_reached", code=error.code)
                await self._clock.sleep(OUTAGE_PAUSE_S)
                continue
            if job is None:
                await self._clock.sleep(poll_s)
                continue
            self._count_working(+1)
            try:
                crash_points.reach("before_transcribe")
                await self._work(job, self._transcribe)
            finally:
                self._count_working(-1)

    def _count_working(self, more: int) -> None:
        self._working += more
        if self._working >= self._concurrency:
            self._busy.set()
        else:
            self._busy.clear()

    async def _copy_loop(self, copy: Callable[[Job], Awaitable[Done]]) -> None:
        """Copies are made only while no recording waits for its text."""
        while True:
            job = None
            try:
                if not self._working and (await self._jobs.queue(self._lane)).waiting == 0:
                    job = await self._jobs.claim_copies(self._lane)
            except MinshengError as error:
                _log.warning("queue_not_reached", code=error.code)
            if job is None:
                await self._clock.sleep(COPY_POLL_S)
            else:
                await self._work(job, copy)

    async def check(self) -> str | None:
        """Readiness: able to transcribe, and looking for work or at it."""
        if self._fault is not None:
            return self._fault
        idle = self._clock.monotonic() - self._last_look
        if self._working < self._concurrency and idle > STUCK_S:
            return f"has not looked for work for {idle:.0f} s"
        return None
