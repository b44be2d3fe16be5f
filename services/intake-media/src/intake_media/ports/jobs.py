"""Recordings as leased jobs: claimed, renewed, given back or finished under a fence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from intake_media.domain.jobs import Job, Queue
from intake_media.domain.recording import Lane
from intake_media.domain.transcript import Transcript
from shared.contracts.model import EventData
from shared.contracts.suggestions import MediaRef


class Jobs(Protocol):
    """The queue of a lane."""

    async def claim(self, lane: Lane) -> Job | None:
        """The oldest recording that is due, leased to us; None when there is none."""
        ...

    async def renew(self, job: Job) -> bool:
        """Keep it; False when it was taken over."""
        ...

    async def note_progress(self, job: Job, done: int, total: int) -> None:
        """Keep how many stretches of its sound were heard, of how many, while it is ours."""
        ...

    async def in_hand(self, lane: Lane) -> Sequence[tuple[int, int]]:
        """For each recording that is being worked on: stretches heard, of how many (0 of 0: not known)."""
        ...

    async def give_back(self, job: Job, *, after_s: float, failed: bool) -> None:
        """Let anybody have it `after_s` seconds from now; a failure is counted."""
        ...

    async def finish(
        self, job: Job, transcript: Transcript, derived: Sequence[MediaRef], events: Sequence[EventData]
    ) -> bool:
        """Write outcome and events in one; False when it was taken over, and nothing was written."""
        ...

    async def claim_copies(self, lane: Lane) -> Job | None:
        """The oldest published recording that still lacks the files which are made later; leased to us."""
        ...

    async def finish_copies(self, job: Job, derived: Sequence[MediaRef]) -> bool:
        """Name those files (maybe none); False when the job was taken over."""
        ...

    async def queue(self, lane: Lane) -> Queue:
        """How much waits there."""
        ...
