"""What a dead letter is to the people who mend it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

LetterState = Literal["open", "sending", "replayed", "repaired", "dropped"]
"""`sending`: somebody's act is under way, or broke off less than a minute ago."""
HANDLED: frozenset[LetterState] = frozenset({"replayed", "repaired", "dropped"})


@dataclass(frozen=True, kw_only=True)
class Act:
    """Who did what to a letter, when; never any contents. `what` is a state, or `shown`, or `failed`."""

    at: datetime
    by: str
    what: str
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Letter:
    """One record of `<topic>-dlq` with its provenance; `id` and `type` are the event's, where headers name them."""

    topic: str
    partition: int
    offset: int
    """Of the letter; where the record came from is `original_partition`, `original_offset`."""
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    """As the record came, with the provenance."""
    original_partition: str | None
    original_offset: str | None
    id: str | None
    type: str | None
    error_type: str | None
    error: str | None
    attempts: str | None
    failed_at: str | None
    state: LetterState = "open"
    acts: tuple[Act, ...] = ()

    @property
    def identity(self) -> str:
        """With the time of failure: a broker whose log was lost gives out the same offsets again."""
        return f"{self.topic}/{self.partition}/{self.offset}/{self.failed_at or ''}"

    def summary(self) -> dict[str, Any]:
        """Provenance and state without contents, JSON-ready."""
        return {
            "topic": self.topic,
            "partition": self.partition,
            "offset": self.offset,
            "original_partition": self.original_partition,
            "original_offset": self.original_offset,
            "type": self.type,
            "id": self.id,
            "error_type": self.error_type,
            "error": self.error,
            "attempts": self.attempts,
            "failed_at": self.failed_at,
            "size_bytes": len(self.value or b""),
            "state": self.state,
            "acts": [
                {"at": act.at.isoformat(timespec="seconds"), "by": act.by, "what": act.what}
                | ({"reason": act.reason} if act.reason else {})
                for act in self.acts
            ],
        }


@dataclass(frozen=True, kw_only=True)
class Contents:
    """A letter's contents for a reader; `hidden`: something that may be personal is covered."""

    form: Literal["json", "text", "bytes", "empty"]
    body: str
    """JSON indented, other text as it is, bytes as hexadecimal."""
    key: str | None
    headers: Sequence[tuple[str, str | None]]
    hidden: bool


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What a consumer would make of the bytes: an event of this type and id, or the refusal."""

    type: str | None
    id: str | None
    code: str | None = None
    error: str | None = None

    @property
    def readable(self) -> bool:
        return self.code is None
