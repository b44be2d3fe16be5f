"""Files behind claim checks: kept, fetched, read, and those that nothing names removed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

from shared.contracts.suggestions import MediaRef


class Originals(Protocol):
    """Files behind claim checks."""

    async def keep(
        self, key: str, path: Path, *, role: str, media_type: str, duration_s: float | None = None
    ) -> MediaRef:
        """Store a file durably under a new key and return its claim check."""
        ...

    async def fetch(self, media: MediaRef, path: Path, *, max_bytes: int) -> None:
        """Copy to `path`. PermanentError `foreign-uri`, `original-missing`, `too-large` or `hash-mismatch`."""
        ...

    async def discard(self, media: MediaRef) -> None:
        """Remove a file that nothing refers to."""
        ...

    def read(self, media: MediaRef, *, start: int, end: int) -> AsyncIterator[bytes]:
        """Bytes from `start` up to, not including, `end`, in pieces."""
        ...


class KeptFiles(Protocol):
    """All files of recordings, for finding those that nothing names."""

    def of_day(self, day: date, *, before: datetime) -> AsyncIterator[tuple[str, str]]:
        """(suggestion id, address) of files of that day's recordings, written before a moment."""
        ...

    async def remove(self, uri: str) -> None:
        """Delete one."""
        ...
