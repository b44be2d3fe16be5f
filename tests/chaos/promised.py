"""What was promised to somebody, written down outside of the system as it happens."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

CANARY_PHONE = "13912345670"
"""No topic but hotline-submissions, no log, metric or dead letter (but that topic's raw bytes) may ever hold it."""
EFFECTS = {
    "assign": "case.assigned.v1",
    "decline": "case.declined.v1",
    "resolve": "case.resolved.v1",
    "transcript": "suggestion.corrected.v1",
    "correct": "suggestion.corrected.v1",
}
"""Each kind of act of a person, and the event that is its one effect."""


def mark(word: str) -> str:
    """Signs that nothing else in the campaign holds."""
    return f"{word}-{uuid.uuid4().hex[:16]}"


@dataclass
class Deed:
    """One act of a person; its `mark` stands in the words that its effect carries."""

    suggestion_id: str
    kind: str
    version: int | None = None
    """Of the case as the page showed it when the act was answered with "done"."""
    mark: str = field(default_factory=lambda: mark("act"))
    done: bool = False
    """The person was told so, or found it on the page after an answer that never came."""


@dataclass
class Accepted:
    """What the system promised to somebody; appended to a file as it happens."""

    path: Path
    suggestions: dict[str, str] = field(default_factory=dict)
    """suggestion id → channel"""
    codes: dict[str, str] = field(default_factory=dict)
    """suggestion id → query code, as its resident keeps it"""
    work_orders: dict[str, str] = field(default_factory=dict)
    """hotline's external id → text, acknowledged by the broker or with a 202"""
    broken: list[str] = field(default_factory=list)
    """Marks of records that nobody can read, acknowledged by the broker"""
    deeds: list[Deed] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)

    def receipt(self, suggestion_id: str, channel: str, query_code: str = "") -> None:
        self.suggestions[suggestion_id] = channel
        if query_code:
            self.codes[suggestion_id] = query_code
        self._note(suggestion_id=suggestion_id, channel=channel)

    def work_order(self, external_id: str, text: str) -> None:
        self.work_orders[external_id] = text
        self._note(external_id=external_id)

    def unreadable(self, signs: str) -> None:
        self.broken.append(signs)
        self._note(broken=signs)

    def deed(self, deed: Deed) -> None:
        deed.done = True
        self._note(suggestion_id=deed.suggestion_id, act=deed.kind, mark=deed.mark)

    def _note(self, **fields: str) -> None:
        with self.path.open("a") as log:
            log.write(json.dumps(fields) + "\n")

    @property
    def total(self) -> int:
        return len(self.suggestions) + len(self.work_orders)
