"""Recordings as their store knows them: accepted before, published, leased, waiting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from intake_media.domain.recording import Recording
from shared.contracts.suggestions import MediaRef


@dataclass(frozen=True)
class Earlier:
    """What was accepted before under the same identity."""

    suggestion_id: str
    received_at: datetime
    body_hash: str


@dataclass(frozen=True)
class Known:
    """A recording as the tracking page may see it: all its files, derived ones only when there are any."""

    recording: Recording
    media: tuple[MediaRef, ...]
    state: Literal["waiting", "working", "done"] = "done"
    """`done`: its text is out, though copies may still be made."""
    done: int = 0
    total: int = 0
    """Stretches of the sound that were heard so far, of how many; 0 of 0 while that is not known."""


@dataclass(frozen=True)
class Job:
    """A leased recording; only the holder of the newest `fence` may write its outcome."""

    recording: Recording
    fence: int
    failures: int
    """How often transcribing it failed by a crash, a time-out or a fault of ours."""
    losses: int
    """How often a worker that held it vanished."""
    caused_by: str | None
    """Id of its `recording.received.v1`."""
    traceparent: str | None
    document: Mapping[str, Any]


@dataclass(frozen=True)
class Queue:
    """What waits in one lane; age in seconds of the oldest, 0 when nothing waits."""

    waiting: int
    oldest_age_s: float
