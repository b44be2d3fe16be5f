"""The value that storage hands to the relay; it lives here since storage and messaging don't know each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Pending:
    """A document with entries to publish; `length` is the document's count of entries when it was read."""

    document_id: str
    entries: Sequence[Mapping[str, Any]]
    length: int
    leased_until: datetime
