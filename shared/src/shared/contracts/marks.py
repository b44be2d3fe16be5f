"""The value that consumers hand to the store of marks (storage and messaging don't know each other)."""

from __future__ import annotations

from dataclasses import dataclass

Place = tuple[str, int]
"""Topic and partition."""


@dataclass(frozen=True)
class Mark:
    """The last handled record of a partition: its offset and the broker's append time (ms)."""

    offset: int
    timestamp_ms: int
