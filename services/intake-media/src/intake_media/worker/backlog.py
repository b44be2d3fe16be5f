"""What is fetched ahead of the engine: only where so many wait that no other worker is idle for it."""

from __future__ import annotations

import math

from intake_media.domain.jobs import Job
from intake_media.domain.recording import Lane
from intake_media.ports.jobs import Jobs
from shared.clock import Clock

BACKLOG = 3
"""From so many waiting recordings on, more are fetched and decoded while the engine is busy; with fewer, those might
be lying here while another worker is idle."""
POLL_S = 0.2
RECOUNT_S = 1.0
"""So long a backlog is believed in, less what was taken here; other workers take from it too."""


class Backlog:
    """What waits in a lane beyond what its workers will take at once."""

    def __init__(self, jobs: Jobs, lane: Lane, clock: Clock) -> None:
        self._jobs = jobs
        self._lane = lane
        self._clock = clock
        self._waiting = 0
        """What waited when it was counted, less what was taken since: counting before every claim would cost more."""
        self._counted_at = -math.inf

    async def claim(self) -> Job | None:
        """One of a backlog; None where there is none."""
        now = self._clock.monotonic()
        if now - self._counted_at >= (POLL_S if self._waiting < BACKLOG else RECOUNT_S):
            self._counted_at = now
            self._waiting = (await self._jobs.queue(self._lane)).waiting
        if self._waiting < BACKLOG:
            return None
        self._waiting -= 1
        return await self._jobs.claim(self._lane)
