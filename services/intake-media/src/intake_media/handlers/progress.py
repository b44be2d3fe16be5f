"""How far a long recording is: written beside the work, in steps, and never in its way."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from intake_media.domain.jobs import Job
from intake_media.ports.jobs import Jobs
from shared.errors import MinshengError

STEPS = 20
"""So many writes at most for one recording, however long it is."""


class Progress:
    """Called on the event loop with stretches done, of how many; keeps the newest where the job is still ours."""

    def __init__(self, jobs: Jobs, job: Job) -> None:
        self._jobs = jobs
        self._job = job
        self._step = -1
        self._newest: tuple[int, int] | None = None
        self._writing: asyncio.Task[None] | None = None

    def __call__(self, done: int, total: int) -> None:
        step = done * STEPS // max(1, total)
        if step <= self._step:  # stretches end in any order
            return
        self._step, self._newest = step, (done, total)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        while self._newest is not None:
            (done, total), self._newest = self._newest, None
            with contextlib.suppress(MinshengError):  # a figure to look at; the next one will do
                await self._jobs.note_progress(self._job, done, total)

    async def close(self) -> None:
        """Nothing is written after this."""
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.wait([self._writing])


@contextlib.asynccontextmanager
async def following(jobs: Jobs, job: Job) -> AsyncIterator[Progress]:
    """Progress of one job while it is worked on."""
    progress = Progress(jobs, job)
    try:
        yield progress
    finally:
        await progress.close()
