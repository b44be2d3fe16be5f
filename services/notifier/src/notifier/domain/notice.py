"""A notice: one form for one recipient by one channel about one event, and which event calls for which."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from shared.contracts.cases import (
    CaseAccepted,
    CaseAssigned,
    CaseDeclined,
    CaseEvent,
    CaseProgressed,
    CaseQuestionAsked,
    CaseResolved,
    CaseReviewRequested,
)
from shared.contracts.model import Contract
from shared.contracts.notices import Form, NoticeChannel
from shared.contracts.suggestions import SuggestionSubmitted

AUDIENCE = "resident"
Facts = Mapping[str, str]
"""What a form prints, by name; short strings, no contact data."""


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What is to be told, before and after it was; the same arguments always make the same `id`."""

    suggestion_id: str
    event_id: str
    channel: NoticeChannel
    form: Form
    at: datetime
    """When the event happened."""
    facts: Facts = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Hash of suggestion, event, recipient and channel: a redelivered event finds its notice already there."""
        parts = (self.suggestion_id, self.event_id, AUDIENCE, self.channel)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """What the notices of one suggestion need to know of its sender; the person's data stays in the vault."""

    suggestion_id: str
    contact_id: str | None
    language: str
    received_at: datetime
    summary: str = ""
    """Start of the suggestion, made harmless for a mail; empty when nobody can be mailed."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """What an event calls for: a form, by which channels."""

    form: Form
    channels: tuple[NoticeChannel, ...]
    facts: Facts


BOTH: tuple[NoticeChannel, ...] = ("page", "email")
PAGE: tuple[NoticeChannel, ...] = ("page",)
EMAIL: tuple[NoticeChannel, ...] = ("email",)


def calls_of(data: Contract, *, at: datetime) -> tuple[Call, ...]:
    """Notices that residents get of an event; empty for all that is between the offices only.

    Acceptance and assignment are two events that usually come together. The page shows both; the mail waits for
    the assignment, so that one letter (受理告知书) carries number, unit and due date.
    """
    facts = {"number": data.number} if isinstance(data, CaseEvent) and data.number else {}
    match data:
        case SuggestionSubmitted():
            heard = data.transcript.verdict if data.transcript else "written"
            return (Call(form="receipt", channels=BOTH, facts={"channel": data.channel, "heard": heard}),)
        case CaseAccepted():
            return (Call(form="acceptance", channels=PAGE, facts=facts),)
        case CaseAssigned():
            facts |= {
                "unit": data.unit.name,
                "co_units": "、".join(unit.name for unit in data.co_units),
                "due": data.due.date,
                "computation": data.due.computation,
                "accepted_at": (data.at or at).isoformat(),
            }
            return (
                Call(form="assignment", channels=PAGE, facts=facts),
                Call(form="acceptance", channels=EMAIL, facts=facts),
            )
        case CaseDeclined():
            facts |= {"ground": data.ground, "redirect": data.redirect}
            return (Call(form="decline", channels=BOTH, facts=facts),)
        case CaseReviewRequested():
            facts |= {"emergency": "yes"} if data.emergency else {}
            # The receipt has said that we read it; a second mail is only due where there may be danger.
            return (Call(form="review", channels=BOTH if data.emergency else PAGE, facts=facts),)
        case CaseQuestionAsked():
            return (Call(form="question", channels=BOTH, facts=facts | {"question": data.question}),)
        case CaseProgressed():
            return (Call(form="progress", channels=PAGE, facts=facts | {"progress": data.text}),)
        case CaseResolved():
            facts |= {
                "unit": data.unit.name,
                "outcome": data.outcome,
                "answer": data.answer,
                "reason": data.reason or "",
            }
            return (Call(form="result", channels=BOTH, facts=facts),)
    return ()


TOLD_OF: tuple[type[Contract], ...] = (
    SuggestionSubmitted,
    CaseAccepted,
    CaseAssigned,
    CaseDeclined,
    CaseReviewRequested,
    CaseQuestionAsked,
    CaseProgressed,
    CaseResolved,
)
"""Events that `calls_of` answers with a notice."""
