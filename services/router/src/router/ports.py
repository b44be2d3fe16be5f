"""What the use cases need of the world; adapters fulfil it, tests may too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from router.domain.case import Case, State
from router.domain.district import District
from router.domain.following import CurrentIssue, Finding
from shared.contracts.letters import Contents, Letter, Trial
from shared.contracts.model import Contract, EventData
from shared.contracts.notices import Form, NoticeChannel, NoticeOutcome
from shared.contracts.suggestions import MediaRef

Pack = Callable[[], District]
"""The pack in force now; asked anew for each decision, so that a reload takes effect at once."""
Simplify = Callable[[str], str]
"""Traditional to Simplified Chinese."""


class Classifier(Protocol):
    """The text model. Its calls compute for some milliseconds: run them off the event loop."""

    @property
    def version(self) -> str:
        """Names the model, so that a decision can be made again."""
        ...

    @property
    def threshold(self) -> float:
        """Calibrated: at or above this confidence nearly all are right."""
        ...

    def classify(self, text: str) -> Sequence[tuple[str, float]]:
        """(class, confidence 0–1), best first, for a normalised text."""
        ...

    def words(self, text: str, class_id: str) -> Sequence[tuple[str, float]]:
        """The words that spoke for a class, heaviest first."""
        ...


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


class IssueStore(Protocol):
    """The hot issues as they were last found."""

    async def show(self, issues: Sequence[CurrentIssue]) -> None:
        """These and no others."""
        ...

    async def hottest(self, *, limit: int) -> Sequence[CurrentIssue]:
        """The hottest first."""
        ...

    async def find(self, issue_id: str) -> CurrentIssue | None: ...

    async def of(self, suggestion_id: str) -> CurrentIssue | None:
        """The hot issue that a case is about."""
        ...


class Numbers(Protocol):
    """Case numbers: unique per year, never given twice, with gaps."""

    async def take(self, year: int) -> int: ...


class Notified(Contract):
    """A notice's fate, as the desk shows it."""

    form: Form
    channel: NoticeChannel
    audience: Literal["resident", "unit", "leader"]
    attempts: int
    at: datetime
    sent: bool
    reason: str | None = None


class NoticeLog(Protocol):
    """What residents and units were told about a suggestion, and whether it reached them."""

    async def note(self, event_id: str, outcome: NoticeOutcome, *, sent: bool) -> None:
        """The same event again has no effect."""
        ...

    async def of(self, suggestion_id: str) -> Sequence[Notified]:
        """In the order of time."""
        ...


class CopyLog(Protocol):
    """What can be played of a suggestion's recording; told of apart from its case, and perhaps before it."""

    async def note(self, suggestion_id: str, media: Sequence[MediaRef]) -> None:
        """The same again has no effect."""
        ...

    async def of(self, suggestion_id: str) -> Sequence[MediaRef]:
        """None were made (yet): empty."""
        ...


class Lease(Protocol):
    """Held by at most one process at a time, for a while."""

    async def hold(self) -> bool:
        """Take or renew it; False while another holds it."""
        ...


class LetterBox(Protocol):
    """Dead letters of every topic; what is done to one is claimed and noted before it is sent."""

    async def letters(self, topic: str, *, newest: int | None = None) -> Sequence[Letter]:
        """The newest of a topic, oldest first."""
        ...

    async def letter(self, topic: str, partition: int, offset: int) -> Letter:
        """Raises NotFound."""
        ...

    def contents(self, letter: Letter, *, personal: bool) -> Contents:
        """Whatever may be personal is covered unless asked for."""
        ...

    def tried(self, letter: Letter, value: bytes | None = None) -> Trial:
        """What a consumer would make of it; raises InvalidInput for a mended value that is another event."""
        ...

    async def shown(self, letter: Letter, *, by: str) -> None:
        """Note that somebody looked at what may be personal."""
        ...

    async def send_again(self, letter: Letter, *, by: str, value: bytes | None = None) -> None:
        """To its topic under the same event id; raises Conflict when it was handled already."""
        ...

    async def drop(self, letter: Letter, *, by: str, reason: str) -> None:
        """Let it rest; raises Conflict when it was handled already."""
        ...
