"""One job in hand: its lease is renewed while it is worked on, and it is given back when we are stopped."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from intake_media.domain.jobs import Job
from intake_media.domain.transcript import Transcript
from intake_media.handlers.transcribe import Done
from intake_media.ports.jobs import Jobs
from shared.clock import Clock
from shared.errors import MinshengError
from shared.runtime.telemetry import traced

_log = structlog.get_logger(__name__)
STOP_S = 3.0
"""How long a stopped worker tries to give its job back before it leaves that to the lease."""


class LeasedWork:
    """Tells `on_done` of a transcript and the seconds it took, `on_returned` why there is none."""

    def __init__(
        self,
        jobs: Jobs,
        clock: Clock,
        *,
        renew_every_s: float,
        on_done: Callable[[Transcript, float], None],
        on_returned: Callable[[str], None],
    ) -> None:
        self._jobs = jobs
        self._clock = clock
        self._renew_every_s = renew_every_s
        self._on_done = on_done
        self._on_returned = on_returned

    async def __call__(self, job: Job, do: Callable[[Job], Awaitable[Done]]) -> None:
        """Until it is done, was taken over, or we are cancelled."""
        started = self._clock.monotonic()
        with traced("work on recording", job.traceparent):
            work = asyncio.ensure_future(do(job))
        lease = asyncio.create_task(self._hold(job))
        try:
            await asyncio.wait({work, lease}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            await _ended(work, lease)
            await self._give_back(job)
            raise
        if not work.done():
            # Taken over: go on and two of us would do the same; the fence would refuse ours anyway.
            _log.warning("lease_lost", recording_id=job.recording.recording_id, fence=job.fence)
            await _ended(work, lease)
            self._on_returned("lease-lost")
            return
        await _ended(lease)
        done = work.result()
        if done.transcript is not None:
            seconds = self._clock.monotonic() - started
            self._on_done(done.transcript, seconds)
            _log.info(
                "recording_done",
                recording_id=job.recording.recording_id,
                channel=job.recording.channel,
                verdict=done.verdict,
                reasons=list(done.transcript.reasons),
                seconds=round(seconds, 3),
            )
        elif done.code is not None:
            self._on_returned(done.code)

    async def _hold(self, job: Job) -> None:
        """Renews the lease; returns when it was taken over."""
        while True:
            await self._clock.sleep(self._renew_every_s)
            try:
                if not await self._jobs.renew(job):
                    return
            except MinshengError as error:
                _log.warning("lease_not_renewed", code=error.code)

    async def _give_back(self, job: Job) -> None:
        giving = asyncio.ensure_future(self._jobs.give_back(job, after_s=0.0, failed=False))
        with contextlib.suppress(TimeoutError, MinshengError):  # else the end of its lease gives it back
            async with asyncio.timeout(STOP_S):
                await asyncio.shield(giving)
        _log.info("given_back_at_stop", recording_id=job.recording.recording_id)


async def _ended(*tasks: asyncio.Future[Done] | asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
