"""The inflow as the desk follows it: each case joins its issue and is told apart from earlier ones it may repeat."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from router.domain.case import Case, Joined, Likely
from router.domain.duplicates import Proposal, Suspect, propose
from router.domain.heat import HotIssue, described, hottest
from router.domain.issues import IssueStream
from router.domain.messages import Message
from router.domain.normalising import normalise
from shared.contracts.cases import Evidence
from shared.contracts.model import Contract

WINDOW_CASES = 10_000
WINDOW = timedelta(days=365)
WEEK = timedelta(days=7)
MEMBERS_SHOWN = 200
"""Latest cases of an issue that are kept beside it; `count` counts them all."""


class CurrentIssue(Contract):
    """A hot issue as the desk shows it; `members` are suggestion ids, the oldest first."""

    id: str
    name: str
    heat: float
    count: int
    people: int
    week: int
    """Of the last seven days."""
    week_before: int
    first_at: datetime
    last_at: datetime
    example: str
    members: list[str]


@dataclass(frozen=True)
class Record:
    """What is compared of a case."""

    message: Message
    suspect: Suspect
    number: str


@dataclass(frozen=True)
class Finding:
    """What a case was found to be about; `issue` is None while it is alone with its matter."""

    joined: Joined
    issue: HotIssue | None
    likely: Sequence[Likely]


def comparable(case: Case) -> bool:
    """Words that someone stands for, of a case that anyone handles."""
    heard = case.suggestion.transcript
    doubted = heard is not None and case.correction is None and heard.verdict != "clear"
    return bool(case.text.strip()) and not doubted and case.state not in ("declined", "withdrawn")


def record_of(case: Case, simplify: Callable[[str], str]) -> Record:
    """The case's text in the form in which texts are compared, its class and the places it names."""
    said = case.suggestion
    guessed = next((one.class_id for one in case.decision.alternatives if one.class_id), None)
    places = frozenset(one.value for one in case.decision.evidence if one.kind.startswith("place-"))
    return Record(
        Message(said.suggestion_id, normalise(case.text, simplify), said.received_at, person=said.contact_id),
        Suspect(said.suggestion_id, said.received_at, case.class_id or guessed, places, said.contact_id),
        case.number,
    )


class Following:
    """A window of cases in memory. Computes some milliseconds per case: call it off the event loop."""

    def __init__(self) -> None:
        self._stream = IssueStream()
        self._records: dict[str, Record] = {}
        self._unsettled: dict[str, Finding] = {}

    def __contains__(self, suggestion_id: str) -> bool:
        return suggestion_id in self._records and suggestion_id not in self._unsettled

    def remember(self, record: Record) -> None:
        """Take in a case that was compared before; in the order in which they came."""
        if record.message.id not in self._records:
            self._take(record)

    def add(self, record: Record, now: datetime) -> Finding:
        """What the case is about; asked again before `settle`, the same finding."""
        key = record.message.id
        if key not in self._unsettled:
            self._unsettled[key] = self._find(record, now)
        return self._unsettled[key]

    def settle(self, suggestion_id: str) -> None:
        """The finding is kept elsewhere now."""
        self._unsettled.pop(suggestion_id, None)

    def hot(self, now: datetime, *, limit: int) -> list[CurrentIssue]:
        """The hottest issues of two cases and more, hottest first."""
        return [self._current(one, now) for one in hottest(self._stream, now, limit=limit)]

    def _take(self, record: Record) -> tuple[str, float, Sequence[tuple[str, float]]]:
        if len(self._records) >= WINDOW_CASES:
            del self._records[next(iter(self._records))]
        self._records[record.message.id] = record
        went = self._stream.add(record.message)
        return went.issue_id, went.likeness, went.nearest

    def _find(self, record: Record, now: datetime) -> Finding:
        issue_id, likeness, nearest = self._take(record)
        neighbours = [(self._records[one].suspect, value) for one, value in nearest if one in self._records]
        likely = [self._likely(one) for one in propose(record.suspect, neighbours)]
        joined = Joined(issue_id=issue_id, likeness=likeness)
        return Finding(joined, described(self._stream, issue_id, now), likely)

    def _likely(self, found: Proposal) -> Likely:
        return Likely(
            other_id=found.other_id,
            number=self._records[found.other_id].number,
            score=found.score,
            evidence=[Evidence(kind=fact.kind, value=fact.value, weight=fact.weight) for fact in found.facts],
            copied=found.copy,
            repeat=found.repeat,
        )

    def _current(self, hot: HotIssue, now: datetime) -> CurrentIssue:
        ages = [now - message.at for message in self._stream.members(hot.id)]
        return CurrentIssue(
            id=hot.id,
            name=hot.name,
            heat=hot.heat,
            count=hot.count,
            people=hot.people,
            week=sum(age < WEEK for age in ages),
            week_before=sum(WEEK <= age < 2 * WEEK for age in ages),
            first_at=hot.first_at,
            last_at=hot.last_at,
            example=hot.example,
            members=list(hot.members[-MEMBERS_SHOWN:]),
        )
