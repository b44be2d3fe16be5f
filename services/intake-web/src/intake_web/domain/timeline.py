"""The life of one suggestion, computed from the set of facts known of it.

A fact is one event. The same set gives the same timeline, in whatever order it came: facts of different topics
overtake each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from intake_web.domain.states import rank_of, state_after


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One event as far as residents are concerned."""

    event_id: str
    type: str
    at: datetime
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Step:
    """A fact that residents are told of; the words are made when it is read, in the reader's language."""

    at: datetime
    type: str
    data: dict[str, Any]


@dataclass(kw_only=True)
class Timeline:
    """What the tracking page shows."""

    suggestion_id: str
    state: str = "received"
    channel: str | None = None
    received_at: datetime | None = None
    text: str | None = None
    transcript: dict[str, Any] | None = None
    media: list[dict[str, Any]] = field(default_factory=list)
    case_id: str | None = None
    number: str | None = None
    unit: dict[str, Any] | None = None
    due: dict[str, Any] | None = None
    ground: str | None = None
    redirect: str | None = None
    outcome: str | None = None
    answer: str | None = None
    steps: list[Step] = field(default_factory=list)
    notices: list[Step] = field(default_factory=list)


UNTOLD = frozenset(
    {
        "recording.transcribed.v1",
        "recording.unusable.v1",
        "recording.copied.v1",
        "notice.failed.v1",
        "case.supervised.v1",
        "case.issue-joined.v1",
    }
)
"""Known, but no step of their own for the resident: another fact says it, or it is an office matter."""


def timeline_of(suggestion_id: str, facts: Iterable[Fact]) -> Timeline:
    """All that is known, in order of time."""
    timeline = Timeline(suggestion_id=suggestion_id)
    # Equal times (corrected, accepted and assigned may be one act of the router) are told in the order of their ranks.
    ordered = sorted(facts, key=lambda fact: (_told_at(fact), rank_of(fact.type), fact.event_id))
    for fact in ordered:
        _apply(timeline, fact)
        timeline.state = state_after(timeline.state, fact.type)
        if fact.type == "notice.sent.v1" and fact.data.get("channel") == "page":
            timeline.notices.append(Step(at=fact.at, type=fact.type, data=fact.data))
        elif fact.type not in UNTOLD:
            timeline.steps.append(Step(at=_told_at(fact), type=fact.type, data=fact.data))
    return timeline


def _told_at(fact: Fact) -> datetime:
    """A text was received when it came; a transcript is news when it is made."""
    received_at = fact.data.get("received_at")
    of_arrival = fact.type == "recording.received.v1" or (
        fact.type == "suggestion.submitted.v1" and not fact.data.get("transcript")
    )
    if of_arrival and isinstance(received_at, str):
        return datetime.fromisoformat(received_at)
    return fact.at


def _apply(timeline: Timeline, fact: Fact) -> None:
    data = fact.data
    match fact.type:
        case "recording.received.v1":
            timeline.channel = timeline.channel or data["channel"]
            timeline.received_at = timeline.received_at or datetime.fromisoformat(data["received_at"])
        case "suggestion.submitted.v1":
            timeline.channel = data["channel"]
            timeline.received_at = datetime.fromisoformat(data["received_at"])
            timeline.text = data["text"]
            timeline.media = [*data.get("media", []), *timeline.media]
            if transcript := data.get("transcript"):
                timeline.transcript = {**transcript, "text": data["text"]}
        case "recording.copied.v1":
            timeline.media = [*timeline.media, *data["media"]]
        case "suggestion.corrected.v1":
            timeline.text = data["text"]
            if timeline.transcript is not None:
                timeline.transcript = {
                    **timeline.transcript,
                    "text": data["text"],
                    "by": data.get("by", "resident"),
                    "confirmed": bool(data.get("confirmed")),
                    "corrected": not data.get("confirmed"),
                }
        case "case.declined.v1":
            timeline.ground, timeline.redirect = data["ground"], data["redirect"]
        case "case.resolved.v1":
            timeline.outcome, timeline.answer = data["outcome"], data["answer"]
    if fact.type.startswith("case."):
        timeline.case_id = data.get("case_id") or timeline.case_id
        timeline.number = data.get("number") or timeline.number
    if fact.type in ("case.assigned.v1", "case.resolved.v1"):
        timeline.unit = data.get("unit") or timeline.unit
    timeline.due = data.get("due") or timeline.due
