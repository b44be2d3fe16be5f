"""A clerk hears the recording and puts down what is said; a waiting case is decided anew in the same write."""

from __future__ import annotations

from router.domain import access, opening
from router.domain.district import Account
from router.handlers.decide import Decide
from router.ports.cases import CaseStore
from router.ports.deciding import Pack
from shared.clock import Clock
from shared.errors import Conflict, Forbidden, NotFound


class CorrectTranscript:
    """Publishes `suggestion.corrected.v1` (by: clerk) together with what follows from it; nothing half."""

    def __init__(self, decide: Decide, store: CaseStore, pack: Pack, clock: Clock) -> None:
        self._decide = decide
        self._store = store
        self._pack = pack
        self._clock = clock

    async def __call__(
        self, by: Account, suggestion_id: str, version: int, *, text: str, confirmed: bool = False
    ) -> None:
        """`version` is that of the page the clerk looked at; `confirmed` leaves the text as it is.

        Raises:
            NotFound, Forbidden, Conflict, InvalidInput: see `Act` and `opening.corrected_at_desk`.
        """
        case = await self._store.find(suggestion_id)
        if case is None or not access.sees(by, case):
            raise NotFound("There is no such case.")
        if not access.screens(by):
            raise Forbidden("Your account may not do this.")
        stale = Conflict("Someone else changed this case meanwhile; please look again.", code="stale")
        if case.version != version:
            raise stale
        opening.require_open_to_clerk(case)
        wanted = case.text if confirmed else text.replace("\r\n", "\n").replace("\x00", "").strip()
        waits = case.state == "in-review"
        decision = await self._decide(case.suggestion, confirmed_text=wanted) if waits and wanted else None
        after = opening.corrected_at_desk(
            case, text=wanted, by=by, decision=decision, district=self._pack(), now=self._clock.now()
        )
        # A person's act: no event caused it.
        if not await self._store.replace(case, after.case, after.events, causation_id=None):
            raise stale
