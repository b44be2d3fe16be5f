"""How often one address may send, each channel for itself: moving windows in this process's memory."""

from __future__ import annotations

from collections.abc import Mapping

from limits import parse_many
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from intake_media.domain.recording import LANES, Lane
from shared.errors import PermanentError

UPLOADS: Mapping[Lane, str] = {"voice": "120/minute;1200/hour", "video": "30/minute;240/hour"}
"""Per address; generous, since a whole collection point or village may share one."""
UNREADABLE = "60/minute;600/hour"
"""Calls that name no channel of ours."""
TOO_OFTEN = "Too many requests from your address. Please wait a moment."


class CallLimits:
    """`enabled` False lets everything pass (`RATE_LIMITS=off`); a flood of films leaves voices their own window."""

    def __init__(
        self, limits: Mapping[Lane, str] = UPLOADS, *, unreadable: str = UNREADABLE, enabled: bool = True
    ) -> None:
        given: list[tuple[Lane | None, str]] = [*limits.items(), (None, unreadable)]
        self._limits = {lane: parse_many(text) if enabled else [] for lane, text in given}
        self._window = MovingWindowRateLimiter(MemoryStorage())

    async def admit(self, address: str) -> None:
        """PermanentError `rate-limited` (429) where no channel would take the call; before a body is read."""
        lanes = [await self._has_room(lane, address) for lane in LANES]
        if not any(lanes) or not await self._has_room(None, address):
            raise PermanentError(TOO_OFTEN, code="rate-limited")

    async def count(self, lane: Lane | None, address: str) -> None:
        """PermanentError `rate-limited` beyond the limits of a channel; None: the call names none."""
        for limit in self._limits[lane]:
            if not await self._window.hit(limit, lane or "-", address):
                raise PermanentError(TOO_OFTEN, code="rate-limited")

    async def _has_room(self, lane: Lane | None, address: str) -> bool:
        return all([await self._window.test(limit, lane or "-", address) for limit in self._limits[lane]])
