"""A case's states as its events tell them: which may follow which, and by whose act."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from tests.chaos.reading import Seen

REVIEW, ACCEPTED, ASSIGNED = "case.review-requested.v1", "case.accepted.v1", "case.assigned.v1"
DECLINED, RESOLVED = "case.declined.v1", "case.resolved.v1"
STATE = {
    REVIEW: "in-review",
    ACCEPTED: "accepted",
    ASSIGNED: "assigned",
    DECLINED: "declined",
    RESOLVED: "resolved",
    "case.merged.v1": "merged",
    "case.closed.v1": "closed",
}
"""Each telling event, and what the tracking page calls the state after it."""
NEXT: dict[str, frozenset[str]] = {
    "": frozenset({REVIEW, ACCEPTED, DECLINED}),
    REVIEW: frozenset({REVIEW, ACCEPTED, DECLINED, "case.closed.v1"}),
    ACCEPTED: frozenset({ASSIGNED}),
    ASSIGNED: frozenset({ASSIGNED, DECLINED, RESOLVED, "case.merged.v1"}),
    DECLINED: frozenset({ACCEPTED, ASSIGNED}),
    RESOLVED: frozenset(),
    "case.merged.v1": frozenset({ASSIGNED, RESOLVED, "case.merged.v1"}),
    "case.closed.v1": frozenset(),
}
"""What may follow; anything else is a step back, or a step left out."""
OF_PEOPLE = {(ASSIGNED, ASSIGNED), (ASSIGNED, DECLINED), (DECLINED, ASSIGNED)}
"""Changes of mind: only a person's."""


def in_order(records: Iterable[Seen]) -> list[Seen]:
    """As each partition has them."""
    return sorted(records, key=lambda one: (one.topic, one.partition, one.offset))


def backwards(records: Iterable[Seen]) -> list[str]:
    """Suggestions whose case took a step that none may take, or whose events lie on two partitions."""
    told: dict[str, list[Seen]] = defaultdict(list)
    for one in in_order(records):
        if one.kind in STATE:
            told[one.subject].append(one)
    found = []
    for subject, events in told.items():
        last = ""
        wrong = len({one.partition for one in events}) > 1
        for one in events:
            by_machine = (last, one.kind) in OF_PEOPLE and one.data.get("decision", {}).get("method") != "person"
            wrong = wrong or one.kind not in NEXT[last] or by_machine
            last = one.kind
        if wrong:
            found.append(subject)
    return found


def last_states(records: Iterable[Seen]) -> dict[str, str]:
    """Suggestion → the state of its case after all that was told."""
    return {one.subject: STATE[one.kind] for one in in_order(records) if one.kind in STATE}
