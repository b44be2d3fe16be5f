"""Topic `cases`: what the district does about a suggestion. Events are facts; each decision explains itself."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from shared.contracts.model import Contract, EventData, Moment

Method = Literal["hotline-code", "rule", "model", "person"]
Ground = Literal["R01", "R02", "R03", "R04", "R05", "R06", "R07", "R08", "R09", "R10", "R11", "R12", "R13", "R14"]
Outcome = Literal["adopted", "partly-adopted", "kept-for-reference", "not-adopted"]


class Unit(Contract):
    """A handling unit (承办单位) or a town."""

    id: str
    name: str


class Evidence(Contract):
    """One reason: a rule, a word, a place, a figure; `weight` where it has one."""

    kind: str
    value: str
    weight: float | None = None


class Alternative(Contract):
    """Where it could have gone instead."""

    unit: Unit | None = None
    class_id: str | None = None
    confidence: float | None = None
    reason: str = ""


class Decision(Contract):
    """Who or what decided, on what evidence, and what else was possible."""

    method: Method
    actor: str
    """A person's account id, or the service's name."""
    evidence: list[Evidence] = Field(default_factory=list)
    alternatives: list[Alternative] = Field(default_factory=list)
    confidence: float = Field(default=1.0, ge=0, le=1)
    versions: dict[str, str] = Field(default_factory=dict)
    """`pack`, `rules`, `model`: enough to decide the same again."""


class Due(Contract):
    """A date (YYYY-MM-DD, Asia/Shanghai) and how it was counted, printable as it is."""

    date: str
    computation: str


class CaseEvent(EventData):
    """Common to all case events."""

    case_id: str
    number: str | None = None
    at: Moment | None = None


class CaseAccepted(CaseEvent):
    """The suggestion became a case with a number (受理)."""

    type_name: ClassVar[str] = "case.accepted.v1"


class CaseAssigned(CaseEvent):
    """A lead unit, and co-handlers, are to answer by the due date (转办)."""

    type_name: ClassVar[str] = "case.assigned.v1"

    unit: Unit
    co_units: list[Unit] = Field(default_factory=list)
    decision: Decision
    due: Due
    class_id: str | None = None
    summary: str | None = None


class CaseDeclined(CaseEvent):
    """Not accepted: a coded ground, and the channel to use instead (不予受理)."""

    type_name: ClassVar[str] = "case.declined.v1"

    ground: Ground
    redirect: str
    decision: Decision


class CaseReviewRequested(CaseEvent):
    """A person must decide; `reasons` say why the machine would not."""

    type_name: ClassVar[str] = "case.review-requested.v1"

    reasons: list[str]
    decision: Decision
    emergency: bool = False


class CaseSigned(CaseEvent):
    """The unit signed for the case (签收)."""

    type_name: ClassVar[str] = "case.signed.v1"

    unit: Unit
    actor: str


class CaseReturned(CaseEvent):
    """The unit sent the case back with a reason, and names who it thinks is responsible (退单)."""

    type_name: ClassVar[str] = "case.returned.v1"

    unit: Unit
    reason_code: str
    reason: str
    proposed_unit: Unit | None = None
    actor: str


class CaseQuestionAsked(CaseEvent):
    """The handler asks the resident; the clock pauses."""

    type_name: ClassVar[str] = "case.question-asked.v1"

    question: str
    actor: str


class CaseProgressed(CaseEvent):
    """The handler reports progress."""

    type_name: ClassVar[str] = "case.progressed.v1"

    text: str
    actor: str


class CaseResolved(CaseEvent):
    """The unit's answer: each point, the outcome, its reason (办理结果)."""

    type_name: ClassVar[str] = "case.resolved.v1"

    unit: Unit
    outcome: Outcome
    answer: str
    reason: str | None = None
    actor: str


class CaseSupervised(CaseEvent):
    """A reminder or a supervision order (督办单)."""

    type_name: ClassVar[str] = "case.supervised.v1"

    level: Literal["reminder", "yellow", "red"]
    cause: str
    days_over: int = 0
    answer_by: Due | None = None


class CaseMerged(CaseEvent):
    """Handled together with another case, answered separately (并案办理、分别答复)."""

    type_name: ClassVar[str] = "case.merged.v1"

    into_case_id: str
    actor: str


class CaseIssueJoined(CaseEvent):
    """The case is one of several about one matter; figures as they were when it joined. Merges nothing."""

    type_name: ClassVar[str] = "case.issue-joined.v1"

    issue_id: str
    """Suggestion id of the first case of the issue; two issues that prove to be one keep the larger one's."""
    issue_name: str
    """In the residents' own words."""
    heat: float
    size: int
    """Cases of the issue within a year, this one included."""


class CaseReopened(CaseEvent):
    """Taken up again, with the reason."""

    type_name: ClassVar[str] = "case.reopened.v1"

    reason: str
    actor: str


class CaseClosed(CaseEvent):
    """Nothing more is due; `outcome` is kept apart from closing."""

    type_name: ClassVar[str] = "case.closed.v1"

    end_state: str
