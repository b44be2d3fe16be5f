"""What people do to a case at the desk: each act is one conditional write with its events."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from router.domain import access, casework, merging
from router.domain.case import Case
from router.domain.district import Account
from router.domain.steps import Step
from router.ports.cases import CaseStore
from router.ports.deciding import Pack
from shared.clock import Clock
from shared.errors import Conflict, Forbidden, InvalidInput, NotFound

REASON_MAX = 2_000
ANSWER_MAX = 20_000


class Act:
    """`version` is that of the page the person looked at: who was slower is told so, and nothing is overwritten."""

    def __init__(self, store: CaseStore, pack: Pack, clock: Clock) -> None:
        self._store = store
        self._pack = pack
        self._clock = clock

    async def assign(
        self,
        by: Account,
        suggestion_id: str,
        version: int,
        *,
        unit: str,
        co_units: Sequence[str] = (),
        class_id: str | None = None,
        reason: str = "",
    ) -> None:
        """Give the case to a unit."""
        await self._apply(
            by,
            suggestion_id,
            version,
            allowed=lambda _: access.screens(by),
            act=lambda case: casework.assigned(
                case,
                unit=unit,
                co_units=co_units,
                class_id=class_id,
                reason=reason.strip()[:REASON_MAX],
                by=by,
                district=self._pack(),
                now=self._clock.now(),
            ),
        )

    async def decline(self, by: Account, suggestion_id: str, version: int, *, ground: str, reason: str = "") -> None:
        """Decline on a coded ground."""
        await self._apply(
            by,
            suggestion_id,
            version,
            allowed=lambda _: access.screens(by),
            act=lambda case: casework.declined(
                case,
                ground=ground,
                reason=reason.strip()[:REASON_MAX],
                by=by,
                district=self._pack(),
                now=self._clock.now(),
            ),
        )

    async def resolve(
        self, by: Account, suggestion_id: str, version: int, *, outcome: str, answer: str, reason: str = ""
    ) -> None:
        """Answer as the lead unit."""
        await self._apply(
            by,
            suggestion_id,
            version,
            allowed=lambda case: access.resolves(by, case),
            act=lambda case: casework.resolved(
                case,
                outcome=outcome,
                answer=answer[:ANSWER_MAX],
                reason=reason[:REASON_MAX],
                by=by,
                now=self._clock.now(),
            ),
        )

    async def acknowledge(self, by: Account, suggestion_id: str, version: int, *, reason: str = "") -> None:
        """Say that an emergency has been seen to."""
        await self._apply(
            by,
            suggestion_id,
            version,
            allowed=lambda _: access.screens(by),
            act=lambda case: casework.acknowledged(
                case, reason=reason.strip()[:REASON_MAX], by=by, now=self._clock.now()
            ),
        )

    async def merge(self, by: Account, suggestion_id: str, version: int, *, into: str) -> None:
        """Handle a case together with another one; of a merged one, with the case that leads it."""
        lead = await self._store.find(into)
        if lead is not None and lead.merged_into is not None and lead.merged_into != suggestion_id:
            lead = await self._store.find(lead.merged_into)
        if lead is None:
            raise NotFound("There is no such case.")
        if await self._store.merged_into(suggestion_id, limit=1):
            raise InvalidInput("Other cases are merged into this one.", code="leads-others")
        await self._apply(
            by,
            suggestion_id,
            version,
            allowed=lambda _: access.screens(by),
            act=lambda case: merging.merged(case, lead, by=by, district=self._pack(), now=self._clock.now()),
        )

    async def dismiss(self, by: Account, suggestion_id: str, version: int, *, other: str) -> None:
        """Say that two cases are about different matters."""
        await self._apply(
            by,
            suggestion_id,
            version,
            allowed=lambda _: access.screens(by),
            act=lambda case: merging.dismissed(case, other, by=by, now=self._clock.now()),
        )

    async def remove_example(self, by: Account, suggestion_id: str, version: int) -> None:
        """Take a case out of what the text model learns from."""
        await self._apply(
            by,
            suggestion_id,
            version,
            allowed=lambda _: access.screens(by),
            act=lambda case: casework.example_removed(case, by=by, now=self._clock.now()),
        )

    async def _apply(
        self,
        by: Account,
        suggestion_id: str,
        version: int,
        *,
        allowed: Callable[[Case], bool],
        act: Callable[[Case], Step],
    ) -> None:
        case = await self._store.find(suggestion_id)
        if case is None or not access.sees(by, case):
            raise NotFound("There is no such case.")
        if not allowed(case):
            raise Forbidden("Your account may not do this.")
        stale = Conflict("Someone else changed this case meanwhile; please look again.", code="stale")
        if case.version != version:
            raise stale
        step = act(case)
        # A person's act: no event caused it.
        if not await self._store.replace(case, step.case, step.events, causation_id=None):
            raise stale
