"""Accepted recordings: our own, and those that another service accepted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from intake_media.domain.jobs import Earlier, Known
from intake_media.domain.recording import Recording
from shared.contracts.model import EventData


class RecordingStore(Protocol):
    """Accepted recordings; one write keeps the document, its waiting job and its events."""

    async def insert(self, recording: Recording, *, identity: str, body_hash: str, events: Sequence[EventData]) -> bool:
        """False when another one was accepted under `identity`; a repeat of the very same recording is True."""
        ...

    async def earlier(self, identity: str) -> Earlier | None:
        """What `identity` stands for."""
        ...

    async def find(self, suggestion_id: str) -> Known | None:
        """The recording of a suggestion."""
        ...


class AnnouncedRecordings(Protocol):
    """Recordings that another service accepted."""

    async def insert_announced(self, recording: Recording, *, event_id: str, traceparent: str | None) -> bool:
        """Put it into its queue once; False when the suggestion has another recording."""
        ...
