"""A case: what became of one suggestion, with every step that led there. Values only; no I/O."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from shared.contracts import cases
from shared.contracts.cases import Due, Ground, Outcome, Unit
from shared.contracts.model import Contract
from shared.contracts.suggestions import SuggestionSubmitted

State = Literal["in-review", "assigned", "merged", "resolved", "declined", "withdrawn"]
Action = Literal[
    "opened",
    "reconsidered",
    "corrected",
    "confirmed",
    "assigned",
    "declined",
    "resolved",
    "acknowledged",
    "withdrawn",
    "supervised",
    "example-removed",
    "merged",
    "dismissed",
]
Level = Literal["reminder", "yellow", "red"]
EMERGENCY_FIRST, IN_TURN = "0", "1"


class Entry(Contract):
    """One line of a case's history: who did what, when, why, and what state followed."""

    at: datetime
    actor: str
    action: Action
    state: State
    reason: str | None = None
    """A person's words, or codes joined by commas."""
    unit: Unit | None = None
    method: str | None = None
    versions: dict[str, str] = Field(default_factory=dict)


class Correction(Contract):
    """A text that a person confirmed or put in place of the machine's transcript."""

    text: str
    confirmed: bool
    by: str
    at: datetime


class Answer(Contract):
    """The unit's answer; `reason` is there at least for what was not adopted."""

    outcome: Outcome
    answer: str
    reason: str | None = None
    actor: str
    unit: Unit
    at: datetime


class Lesson(Contract):
    """A person's choice of class, kept as an example for the text model until someone takes it back."""

    class_id: str
    by: str
    at: datetime


class Likely(Contract):
    """An earlier case that may be about the same; a person merges or dismisses, the machine does neither."""

    other_id: str
    number: str
    score: float
    evidence: list[cases.Evidence] = Field(default_factory=list)
    copied: bool = False
    """Word for word."""
    repeat: bool = False
    """The same person again."""


class Joined(Contract):
    """The issue that a case was found to be about, as it was then; issues that prove to be one get one id later."""

    issue_id: str
    likeness: float


class Case(Contract):
    """The whole of a case. `version` grows by one with each change and guards every write."""

    suggestion_id: str
    number: str
    state: State
    version: int = 1
    suggestion: SuggestionSubmitted
    correction: Correction | None = None
    opened_at: datetime
    decision: cases.Decision
    """The decision that stands; earlier ones are in the history."""
    emergency: str | None = None
    """Numbers to call, where the text reports danger."""
    unit: Unit | None = None
    co_units: list[Unit] = Field(default_factory=list)
    units: list[str] = Field(default_factory=list)
    """Ids of lead and co-handlers: who may see the case."""
    class_id: str | None = None
    town: str | None = None
    ground: Ground | None = None
    redirect: str | None = None
    reasons: list[str] = Field(default_factory=list)
    """Why a person must decide; empty once one did."""
    accepted_at: datetime | None = None
    due: Due | None = None
    answer: Answer | None = None
    lesson: Lesson | None = None
    """What the text model may learn from this case."""
    history: list[Entry] = Field(default_factory=list)
    processed: list[str] = Field(default_factory=list)
    """Ids of the events that changed this case: the same one again has no effect."""
    queue_key: str | None = None
    """Place in the review queue: emergencies first, then the oldest. None: not waiting."""
    supervised: list[Level] = Field(default_factory=list)
    clock_at: datetime | None = None
    """When the clock next asks for a reminder or an order. None: nothing runs."""

    follow_key: str | None = None
    """Place in the line of cases to be compared with others. None: was compared."""
    joined: Joined | None = None
    likely: list[Likely] = Field(default_factory=list)
    """The best first, without those that a person dismissed."""
    merged_into: str | None = None
    """Suggestion id of the leading case: handled together, answered separately."""

    @property
    def text(self) -> str:
        """What the case is about: the corrected text where there is one."""
        return self.correction.text if self.correction else self.suggestion.text

    @property
    def spoken(self) -> bool:
        """True when the text is a machine's transcript that no person has confirmed."""
        return self.suggestion.transcript is not None and self.correction is None


def queue_key(suggestion_id: str, *, emergency: bool) -> str:
    """Sorts emergencies before all else, then by age (ids are ULIDs)."""
    return f"{EMERGENCY_FIRST if emergency else IN_TURN}{suggestion_id}"


def number(prefix: str, year: int, count: int) -> str:
    """`LH-2026-000123`. Gaps are normal: numbers are taken in blocks, so that no case waits for one."""
    return f"{prefix}-{year}-{count:06d}"
