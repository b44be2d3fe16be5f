"""How hard the follower works: opening cases has the right of way."""

from __future__ import annotations

from collections.abc import Callable

from shared.clock import Clock

REST = 3.0
"""Opening cases has the right of way: so many times as long as it worked, it rests."""
PATIENCE_S = 0.15
LOOK_S = 0.05
"""While cases are being opened it waits as well, but not for long: what many speak of at once shows just then."""


class Pacing:
    """Rests after each stretch of work; `busy` says whether cases are being opened."""

    def __init__(self, clock: Clock, busy: Callable[[], bool]) -> None:
        self._clock = clock
        self._busy = busy

    async def rest(self, started: float) -> None:
        """After work that began at `started` (monotonic seconds)."""
        await self._clock.sleep(REST * (self._clock.monotonic() - started))
        waits_until = self._clock.monotonic() + PATIENCE_S
        while self._busy() and self._clock.monotonic() < waits_until:
            await self._clock.sleep(LOOK_S)
