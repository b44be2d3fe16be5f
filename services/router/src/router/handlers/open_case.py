"""Use cases of the intake topic: open a case, take in a correction, a withdrawal."""

from __future__ import annotations

from router.domain import case as cases
from router.domain import opening
from router.domain.steps import Step
from router.domain.working_days import SHANGHAI
from router.handlers.decide import Decide
from router.ports.cases import CaseStore, Numbers
from router.ports.deciding import Pack
from router.ports.telling import CopyLog, NoticeLog
from shared.clock import Clock
from shared.contracts.envelope import Event
from shared.contracts.notices import NoticeOutcome, NoticeSent
from shared.contracts.recordings import RecordingCopied
from shared.contracts.suggestions import SuggestionCorrected, SuggestionSubmitted, SuggestionWithdrawn
from shared.errors import NotFound, TransientError


class OpenCase:
    """One suggestion, one case: a second delivery finds it and changes nothing."""

    def __init__(self, decide: Decide, store: CaseStore, numbers: Numbers, pack: Pack, clock: Clock) -> None:
        self._decide = decide
        self._store = store
        self._numbers = numbers
        self._pack = pack
        self._clock = clock

    async def __call__(self, event: Event[SuggestionSubmitted]) -> None:
        decision = await self._decide(event.data)
        now = self._clock.now()
        year = now.astimezone(SHANGHAI).year
        district = self._pack()
        number = cases.number(district.number_prefix, year, await self._numbers.take(year))
        step = opening.opened(
            event.data, event_id=event.id, decision=decision, number=number, district=district, now=now
        )
        await self._store.insert(step.case, step.events, causation_id=event.id)


class ReviseCase:
    """What the resident changes later; each event once, guarded by the case's version. The desk's own are known."""

    def __init__(self, decide: Decide, store: CaseStore, pack: Pack, clock: Clock) -> None:
        self._decide = decide
        self._store = store
        self._pack = pack
        self._clock = clock

    async def correct(self, event: Event[SuggestionCorrected]) -> None:
        """A waiting case is decided anew with the text that a person stands for."""
        case = await self._case(event.data.suggestion_id)
        if event.id in case.processed or opening.mark_of(event.data) in case.processed:
            return
        waits = case.state == "in-review"
        decision = await self._decide(case.suggestion, confirmed_text=event.data.text) if waits else None
        step = opening.corrected(
            case,
            event.data,
            event_id=event.id,
            decision=decision,
            district=self._pack(),
            now=self._clock.now(),
        )
        await self._write(case, step, event.id)

    async def withdraw(self, event: Event[SuggestionWithdrawn]) -> None:
        """Closed where nobody works on it yet, else noted for the unit."""
        case = await self._case(event.data.suggestion_id)
        if event.id in case.processed:
            return
        step = opening.withdrawn(case, event_id=event.id, reason=event.data.reason, now=self._clock.now())
        await self._write(case, step, event.id)

    async def _case(self, suggestion_id: str) -> cases.Case:
        case = await self._store.find(suggestion_id)
        if case is None:  # its submission lies in the dead letters; replay that first, then this
            raise NotFound("there is no case for this suggestion", code="no-case")
        return case

    async def _write(self, case: cases.Case, step: Step, event_id: str) -> None:
        if not await self._store.replace(case, step.case, step.events, causation_id=event_id):
            raise TransientError("the case changed meanwhile", code="stale")


class NoteCopies:
    """Keeps which copies of a recording can be played."""

    def __init__(self, copies: CopyLog) -> None:
        self._copies = copies

    async def __call__(self, event: Event[RecordingCopied]) -> None:
        await self._copies.note(event.data.suggestion_id, event.data.media)


class NoteNotice:
    """Keeps what was told to whom beside the case; it may come before the case does."""

    def __init__(self, notices: NoticeLog) -> None:
        self._notices = notices

    async def __call__(self, event: Event[NoticeOutcome]) -> None:
        await self._notices.note(event.id, event.data, sent=isinstance(event.data, NoticeSent))
