"""The envelope: CloudEvents 1.0 attributes around one event's data, in our words."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from shared.contracts.model import Contract

Data = TypeVar("Data", bound=Contract, covariant=True)

SCHEMA_BASE = "urn:minsheng:schema:"
"""`ce_dataschema` = this + type: needs no host; the file is `tests/contract/golden/<type>.schema.json`."""


@dataclass(frozen=True, kw_only=True)
class Event(Generic[Data]):
    """One event, decoded. `id` is the deduplication key everywhere."""

    id: str
    type: str
    source: str
    subject: str
    time: datetime
    data: Data
    causation_id: str | None = None
    """`id` of the event that caused it; None for a person's or a resident's act."""
    traceparent: str | None = None
    extensions: dict[str, str] = field(default_factory=dict)


def dataschema(type_name: str) -> str:
    """Where the JSON Schema of a type is named."""
    return f"{SCHEMA_BASE}{type_name}"
