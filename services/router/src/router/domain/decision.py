"""What the pipeline decides about one suggestion, with the reasons that let anyone check it."""

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts import cases
from shared.contracts.cases import Method


class Frozen(BaseModel):
    """A value: immutable, and strict about fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Evidence(Frozen):
    """One fact that counted: `kind` says which step saw it, `value` holds the very words or code."""

    kind: str
    value: str
    weight: float | None = None


class Alternative(Frozen):
    """Another unit that was considered, with its confidence (0–1) and why it came up."""

    unit: str
    class_id: str
    confidence: float
    reason: str


class Versions(Frozen):
    """The data a decision rests on; the same versions and input give the same bytes."""

    pack: str
    rules: str
    model: str | None = None


class Assign(Frozen):
    """To a unit or town of the pack; `town` is the one named in the text or the form."""

    kind: Literal["assign"] = "assign"
    unit: str
    co_units: tuple[str, ...] = ()
    class_id: str
    town: str | None = None


class Decline(Frozen):
    """Not taken on: coded ground R01–R14 and, in Chinese and English, the way to use instead."""

    kind: Literal["decline"] = "decline"
    ground: str
    redirect: str
    redirect_en: str = ""


class Review(Frozen):
    """A person must decide; `reasons` are stable codes, the wording is the pack's."""

    kind: Literal["review"] = "review"
    reasons: tuple[str, ...]


Outcome = Annotated[Assign | Decline | Review, Field(discriminator="kind")]


class Decision(Frozen):
    """One decision with everything needed to explain and replay it.

    `method` is the step that settled it (`person` with a review outcome: handed to a person, whose
    choice is a later decision). `emergency` holds the numbers to call when the text reports danger.
    """

    method: Method
    actor: str
    evidence: tuple[Evidence, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    confidence: float = Field(ge=0, le=1)
    versions: Versions
    emergency: str | None = None
    outcome: Outcome


def to_contract(decision: Decision, name_of: Callable[[str], str]) -> cases.Decision:
    """The same decision as the `cases` topic carries it; `name_of` gives a unit's Chinese name."""
    return cases.Decision(
        method=decision.method,
        actor=decision.actor,
        evidence=[cases.Evidence(kind=e.kind, value=e.value, weight=e.weight) for e in decision.evidence],
        alternatives=[
            cases.Alternative(
                unit=cases.Unit(id=a.unit, name=name_of(a.unit)),
                class_id=a.class_id,
                confidence=a.confidence,
                reason=a.reason,
            )
            for a in decision.alternatives
        ],
        confidence=decision.confidence,
        versions=decision.versions.model_dump(exclude_none=True),
    )
