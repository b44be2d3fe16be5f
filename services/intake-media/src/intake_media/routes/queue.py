"""`GET /internal/queue`: how many recordings wait per channel, for the command line and for scalers."""

from __future__ import annotations

from fastapi import APIRouter

from intake_media.domain.recording import LANES
from intake_media.ports import Jobs


def build(jobs: Jobs) -> APIRouter:
    """{channel: {waiting, oldest_age_s}}; the same figures are gauges in `/metrics`."""
    routes = APIRouter()

    @routes.get("/internal/queue", include_in_schema=False)
    async def get_queue() -> dict[str, dict[str, float]]:
        found = {lane: await jobs.queue(lane) for lane in LANES}
        return {lane: {"waiting": queue.waiting, "oldest_age_s": queue.oldest_age_s} for lane, queue in found.items()}

    return routes
