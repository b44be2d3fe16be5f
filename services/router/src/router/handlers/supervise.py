"""The clock: looks for cases that are due soon or over, and issues each order once, whoever runs or dies meanwhile."""

from __future__ import annotations

from router.domain import orders
from router.ports.cases import CaseStore
from router.ports.deciding import Pack
from router.ports.lease import Lease
from shared.clock import Clock
from shared.errors import MinshengError

EVERY_S = 20.0
STALLED_S = 180.0
BATCH = 100


class Supervise:
    """One active instance by lease, so that nobody works in vain; "once" rests on the conditional write alone."""

    def __init__(self, store: CaseStore, pack: Pack, clock: Clock, lease: Lease) -> None:
        self._store = store
        self._pack = pack
        self._clock = clock
        self._lease = lease
        self._last_round = clock.monotonic()

    async def once(self) -> int:
        """Issue what is due now; returns the number of orders."""
        self._last_round = self._clock.monotonic()
        if not await self._lease.hold():
            return 0
        issued = 0
        while True:
            now = self._clock.now()
            due = await self._store.on_clock(now, limit=BATCH)
            for case in due:
                step = orders.issued(case, self._pack(), now)
                written = await self._store.replace(case, step.case, step.events, causation_id=None)
                issued += written and bool(step.events)
            if len(due) < BATCH or not await self._lease.hold():
                return issued

    async def run(self) -> None:
        """Until cancelled; an outage only delays."""
        while True:
            try:
                await self.once()
            except MinshengError:
                pass  # readiness shows the database; the next round tries again
            await self._clock.sleep(EVERY_S)

    async def check(self) -> str | None:
        """Readiness: the clock goes round."""
        idle = self._clock.monotonic() - self._last_round
        return f"the clock has not gone round for {idle:.0f} s" if idle > STALLED_S else None
