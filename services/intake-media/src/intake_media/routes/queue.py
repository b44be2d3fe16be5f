"""`GET /internal/queue`: how many recordings wait per channel and how far those in hand are, for people and scalers."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from intake_media.domain.recording import LANES, Lane
from intake_media.ports.jobs import Jobs


def build(jobs: Jobs) -> APIRouter:
    """{channel: {waiting, oldest_age_s, in_hand: [{done, total}]}}; the figures are gauges in `/metrics`."""
    routes = APIRouter()

    @routes.get("/internal/queue", include_in_schema=False)
    async def get_queue() -> dict[str, dict[str, Any]]:
        return {lane: await of(lane) for lane in LANES}

    async def of(lane: Lane) -> dict[str, Any]:
        queue = await jobs.queue(lane)
        in_hand = [{"done": done, "total": total} for done, total in await jobs.in_hand(lane)]
        return {"waiting": queue.waiting, "oldest_age_s": queue.oldest_age_s, "in_hand": in_hand}

    return routes
