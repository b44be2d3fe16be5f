"""How often one address may send: a moving window in this process's memory."""

from __future__ import annotations

from limits import parse_many
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from shared.errors import PermanentError

UPLOADS = "120/minute;1200/hour"
"""Per address; generous, since a whole collection point or village may share one."""
TOO_OFTEN = "Too many requests from your address. Please wait a moment."


class CallLimits:
    """`enabled` False lets everything pass (`RATE_LIMITS=off`)."""

    def __init__(self, limits: str = UPLOADS, *, enabled: bool = True) -> None:
        self._limits = parse_many(limits) if enabled else []
        self._window = MovingWindowRateLimiter(MemoryStorage())

    async def check(self, address: str) -> None:
        """PermanentError `rate-limited` (429) beyond the limits."""
        for limit in self._limits:
            if not await self._window.hit(limit, address):
                raise PermanentError(TOO_OFTEN, code="rate-limited")
