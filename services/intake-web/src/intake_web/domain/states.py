"""The states of a suggestion: they only rise by rank; going back needs a fact that says so (returned, reopened)."""

from __future__ import annotations

STATE_OF = {
    "suggestion.submitted.v1": "received",
    "recording.received.v1": "transcribing",
    "case.review-requested.v1": "in-review",
    "case.accepted.v1": "accepted",
    "case.assigned.v1": "assigned",
    "case.declined.v1": "declined",
    "case.signed.v1": "signed",
    "case.progressed.v1": "handling",
    "case.question-asked.v1": "asked-resident",
    "case.resolved.v1": "resolved",
    "case.merged.v1": "merged",
    "suggestion.withdrawn.v1": "withdrawn",
    "case.closed.v1": "closed",
}
RANK = {
    "received": 0,
    "transcribing": 1,
    "in-review": 2,
    "accepted": 3,
    "assigned": 4,
    "declined": 4,
    "signed": 5,
    "handling": 6,
    "asked-resident": 6,
    "merged": 7,
    "resolved": 8,
    "withdrawn": 9,
    "closed": 10,
}
BACK_TO = {"case.returned.v1": "in-review", "case.reopened.v1": "in-review"}
"""Facts that take a case back on purpose; what follows them counts anew."""


def state_after(state: str, event_type: str) -> str:
    """What becomes of `state` by an event of this type."""
    if event_type in BACK_TO:
        return BACK_TO[event_type]
    risen = STATE_OF.get(event_type)
    return risen if risen and RANK[risen] >= RANK[state] else state


def rank_of(event_type: str) -> int:
    """Where events of one moment stand among each other; a correction comes before what is decided on it."""
    if event_type == "suggestion.corrected.v1":
        return RANK["in-review"]
    return RANK.get(STATE_OF.get(event_type, ""), 5)
