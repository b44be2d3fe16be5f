"""In-memory stand-ins for the router's ports, and suggestions to feed it with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from ulid import ULID

from router.domain.case import Case
from router.domain.district import Account
from router.domain.following import CurrentIssue, Finding
from router.ports.cases import Filters, Page
from router.ports.telling import Notified
from shared.contracts.envelope import Event
from shared.contracts.model import EventData
from shared.contracts.notices import NoticeOutcome
from shared.contracts.suggestions import MediaRef, SuggestionSubmitted

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
SIGNALS = "文昌小学门前的路口没有红绿灯，接送高峰车流很急，希望装上信号灯。"
VAGUE = "希望政府多想想办法，让大家的日子过得更好一些。"


def said(text: str = SIGNALS, **changes: Any) -> SuggestionSubmitted:
    fields = {"suggestion_id": str(ULID()), "channel": "web", "received_at": NOW, "text": text, **changes}
    return SuggestionSubmitted.model_validate(fields)


def submitted(data: EventData) -> Event[Any]:
    """The event that carries `data`."""
    return Event(
        id=str(ULID()),
        type=data.type_name,
        source="intake-web",
        subject=data.suggestion_id,
        time=NOW,
        data=data,
    )


def account(role: str = "clerk", unit: str = "shegongbu", *, id: str = "clerk") -> Account:
    return Account.model_validate(
        {"id": id, "name": "某某", "role": role, "unit": unit, "password_hash": "$argon2id$v=19$x", "demo": True}
    )


class MemoryCases:
    """Keeps cases and the events they told, with the same conditions as the real store."""

    def __init__(self) -> None:
        self.cases: dict[str, Case] = {}
        self.events: list[tuple[str, EventData, str | None]] = []
        self.changed_meanwhile = False

    async def insert(self, case: Case, events: Sequence[EventData], *, causation_id: str | None) -> bool:
        if case.suggestion_id in self.cases:
            return False
        self.cases[case.suggestion_id] = case
        self._tell(case, events, causation_id)
        return True

    async def replace(
        self, before: Case, after: Case, events: Sequence[EventData], *, causation_id: str | None
    ) -> bool:
        if self.changed_meanwhile or self.cases[before.suggestion_id].version != before.version:
            return False
        self.cases[before.suggestion_id] = after
        self._tell(after, events, causation_id)
        return True

    def _tell(self, case: Case, events: Sequence[EventData], causation_id: str | None) -> None:
        self.events += [(event.type_name, event, causation_id) for event in events]

    def told(self) -> list[str]:
        """Types of the events, in order."""
        return [name for name, _, _ in self.events]

    async def find(self, suggestion_id: str) -> Case | None:
        return self.cases.get(suggestion_id)

    async def by_number(self, number: str) -> Case | None:
        return next((case for case in self.cases.values() if case.number == number), None)

    async def queue(self, *, after: str | None, limit: int) -> Sequence[Case]:
        waiting = sorted((one for one in self.cases.values() if one.queue_key), key=lambda one: one.queue_key or "")
        return [one for one in waiting if (one.queue_key or "") > (after or "")][:limit]

    async def queue_length(self) -> int:
        return sum(one.queue_key is not None for one in self.cases.values())

    async def page(self, filters: Filters, *, before: str | None, limit: int) -> Page:
        found = [
            one
            for one in sorted(self.cases.values(), key=lambda one: one.suggestion_id, reverse=True)
            if (before is None or one.suggestion_id < before)
            and filters.state in (None, one.state)
            and (filters.unit is None or filters.unit in one.units)
            and filters.town in (None, one.town)
            and (filters.words or "") in one.suggestion.text
        ]
        return Page(cases=found[:limit], before=found[limit - 1].suggestion_id if len(found) > limit else None)

    async def lessons(self, *, before: datetime | None, limit: int) -> Sequence[Case]:
        taught = [one for one in self.cases.values() if one.lesson and (before is None or one.lesson.at < before)]
        return sorted(taught, key=lambda one: one.lesson.at if one.lesson else NOW, reverse=True)[:limit]

    async def on_clock(self, now: datetime, *, limit: int) -> Sequence[Case]:
        due = [one for one in self.cases.values() if one.clock_at and one.clock_at <= now]
        return sorted(due, key=lambda one: one.clock_at or now)[:limit]

    async def unfollowed(self, *, limit: int) -> Sequence[Case]:
        waiting = sorted((one for one in self.cases.values() if one.follow_key), key=lambda one: one.follow_key or "")
        return waiting[:limit]

    async def followed(self, case: Case, finding: Finding | None, events: Sequence[EventData]) -> bool:
        stored = self.cases[case.suggestion_id]
        if stored.follow_key is None or stored.follow_key != case.follow_key:
            return False
        found = {"joined": finding.joined, "likely": list(finding.likely)} if finding else {}
        self.cases[case.suggestion_id] = stored.model_copy(update={"follow_key": None, **found})
        self._tell(stored, events, None)
        return True

    async def merged_into(self, suggestion_id: str, *, limit: int) -> Sequence[Case]:
        found = [one for one in self.cases.values() if one.merged_into == suggestion_id]
        return sorted(found, key=lambda one: one.suggestion_id)[:limit]


class MemoryIssues:
    """What was shown last."""

    def __init__(self) -> None:
        self.shown: list[CurrentIssue] = []

    async def show(self, issues: Sequence[CurrentIssue]) -> None:
        self.shown = list(issues)

    async def hottest(self, *, limit: int) -> Sequence[CurrentIssue]:
        return self.shown[:limit]

    async def find(self, issue_id: str) -> CurrentIssue | None:
        return next((one for one in self.shown if one.id == issue_id), None)

    async def of(self, suggestion_id: str) -> CurrentIssue | None:
        return next((one for one in self.shown if suggestion_id in one.members), None)


class CountedNumbers:
    """1, 2, 3, …"""

    def __init__(self) -> None:
        self.taken = 0

    async def take(self, year: int) -> int:
        self.taken += 1
        return self.taken


class MemoryNotices:
    """Keeps outcomes by event id."""

    def __init__(self) -> None:
        self.noted: dict[str, Notified] = {}
        self._suggestions: dict[str, str] = {}

    async def note(self, event_id: str, outcome: NoticeOutcome, *, sent: bool) -> None:
        self.noted[event_id] = Notified.model_validate({**outcome.model_dump(), "sent": sent})
        self._suggestions[event_id] = outcome.suggestion_id

    async def of(self, suggestion_id: str) -> Sequence[Notified]:
        return [one for key, one in self.noted.items() if self._suggestions[key] == suggestion_id]


class MemoryCopies:
    """Keeps what can be played, by suggestion."""

    def __init__(self) -> None:
        self.noted: dict[str, Sequence[MediaRef]] = {}

    async def note(self, suggestion_id: str, media: Sequence[MediaRef]) -> None:
        self.noted[suggestion_id] = media

    async def of(self, suggestion_id: str) -> Sequence[MediaRef]:
        return self.noted.get(suggestion_id, ())


class HeldLease:
    """Held or not, as told."""

    def __init__(self, *, held: bool = True) -> None:
        self.held = held

    async def hold(self) -> bool:
        return self.held
