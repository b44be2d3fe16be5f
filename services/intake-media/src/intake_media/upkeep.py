"""What the API does beside answering: measures the queues, and clears away what nobody will ask for again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from intake_media.adapters.media_metrics import MediaMetrics
from intake_media.adapters.upload_folder import UploadFolder
from intake_media.domain.recording import LANES
from intake_media.handlers.sweep import Sweep
from intake_media.ports.jobs import Jobs
from shared.clock import Clock

_log = structlog.get_logger(__name__)
GAUGES_EVERY_S = 2.0
EXPIRY_EVERY_S = 600.0
SWEEP_EVERY_S = 24 * 3_600.0


def gauges(jobs: Jobs, metrics: MediaMetrics, clock: Clock) -> Callable[[], Awaitable[None]]:
    """Keeps the figures of the queues that workers are scaled by."""

    async def run() -> None:
        while True:
            for lane in LANES:
                found = await jobs.queue(lane)
                metrics.waiting.labels(channel=lane).set(found.waiting)
                metrics.oldest.labels(channel=lane).set(found.oldest_age_s)
            await clock.sleep(GAUGES_EVERY_S)

    return run


def expiry(unfinished: UploadFolder, clock: Clock) -> Callable[[], Awaitable[None]]:
    """Removes uploads past their time."""

    async def run() -> None:
        while True:
            gone = await unfinished.expire()
            if gone:
                _log.info("uploads_expired", count=gone)
            await clock.sleep(EXPIRY_EVERY_S)

    return run


def sweeping(sweep: Sweep, clock: Clock) -> Callable[[], Awaitable[None]]:
    """Removes files that no recording names, an hour after the start and then daily."""

    async def run() -> None:
        await clock.sleep(3_600.0)
        while True:
            await sweep()
            await clock.sleep(SWEEP_EVERY_S)

    return run
