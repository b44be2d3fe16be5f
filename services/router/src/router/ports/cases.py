"""Cases, kept with the events that tell of them, and their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from router.domain.case import Case, State
from router.domain.following import Finding
from shared.contracts.model import EventData


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What a list of cases is narrowed to; None: no matter."""

    state: State | None = None
    unit: str | None = None
    """Lead or co-handler."""
    town: str | None = None
    words: str | None = None
    """A piece of the text."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """Newest first; `before` continues the list, None at its end."""

    cases: Sequence[Case]
    before: str | None


class CaseStore(Protocol):
    """Cases with their events; each write is one document and wakes the relay."""

    async def insert(self, case: Case, events: Sequence[EventData], *, causation_id: str | None) -> bool:
        """False when the suggestion has its case already: nothing was written."""
        ...

    async def replace(
        self, before: Case, after: Case, events: Sequence[EventData], *, causation_id: str | None
    ) -> bool:
        """False when `before` is no longer what is stored: nothing was written."""
        ...

    async def find(self, suggestion_id: str) -> Case | None: ...

    async def by_number(self, number: str) -> Case | None: ...

    async def queue(self, *, after: str | None, limit: int) -> Sequence[Case]:
        """Waiting for a person: emergencies, then the oldest."""
        ...

    async def queue_length(self) -> int:
        """How many wait (counted up to 1,000)."""
        ...

    async def page(self, filters: Filters, *, before: str | None, limit: int) -> Page: ...

    async def lessons(self, *, before: datetime | None, limit: int) -> Sequence[Case]:
        """Cases that the text model may learn from, the newest lesson first."""
        ...

    async def on_clock(self, now: datetime, *, limit: int) -> Sequence[Case]:
        """Cases whose `clock_at` has come, the longest waiting first."""
        ...

    async def unfollowed(self, *, limit: int) -> Sequence[Case]:
        """Not yet compared with others, the oldest first."""
        ...

    async def followed(self, case: Case, finding: Finding | None, events: Sequence[EventData]) -> bool:
        """Keep what was found (None: nothing to compare); once per case, and no one's page grows old by it."""
        ...

    async def merged_into(self, suggestion_id: str, *, limit: int) -> Sequence[Case]:
        """Cases that are handled together with this one, the oldest first."""
        ...


class Numbers(Protocol):
    """Case numbers: unique per year, never given twice, with gaps."""

    async def take(self, year: int) -> int: ...
