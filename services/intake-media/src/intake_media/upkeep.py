"""What the API does beside answering: measures the queues, and clears away uploads that nobody will finish."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from intake_media.adapters.media_metrics import MediaMetrics
from intake_media.adapters.upload_folder import UploadFolder
from intake_media.domain.recording import LANES
from intake_media.ports import Jobs
from shared.clock import Clock

_log = structlog.get_logger(__name__)
GAUGES_EVERY_S = 2.0
EXPIRY_EVERY_S = 600.0


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
