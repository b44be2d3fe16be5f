"""The outbox inside the aggregate document: one write accepts the state and the events that tell of it.

Fields in the document: `outbox` (all entries, kept for republishing), `outbox_length`, `outbox_published` (how
many of them the broker has acknowledged), `outbox_at` (time of the newest), and `outbox_next_at`, present only
while something is pending, under a sparse index; it doubles as the lease of whoever is publishing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from ulid import ULID

from shared.contracts.model import EventData, rfc3339
from shared.contracts.pending import Pending
from shared.runtime.telemetry import current_traceparent
from shared.storage.mongo import Document

WRITER_LEASE = timedelta(seconds=30)
"""The writer publishes what it wrote; if it dies, the sweep of another process takes over after this."""


def entry(
    data: EventData,
    *,
    source: str,
    at: datetime,
    causation_id: str | None = None,
    event_id: str | None = None,
    key: str | None = None,
) -> Document:
    """One outbox entry: an event as it will be published, JSON-ready; `key` where it is not the suggestion id."""
    keyed = {"key": key} if key is not None else {}
    return {
        **keyed,
        "event_id": event_id or str(ULID()),
        "type": data.type_name,
        "source": source,
        "subject": data.suggestion_id,
        "time": rfc3339(at),
        "causation_id": causation_id,
        "traceparent": current_traceparent(),
        "data": data.model_dump(mode="json", exclude_none=True),
    }


def new_fields(entries: Sequence[Document], *, now: datetime) -> Document:
    """Fields for the insert of a new aggregate that publishes `entries` (none: nothing pending)."""
    fields: Document = {
        "outbox": list(entries),
        "outbox_length": len(entries),
        "outbox_published": 0,
        "outbox_at": now,
    }
    if entries:
        fields["outbox_next_at"] = now + WRITER_LEASE
    return fields


def append_update(entries: Sequence[Document], *, now: datetime) -> Document:
    """Update operators that add `entries` to an existing aggregate; merge with `merged()`.

    They are due at once: the relay reads the document, so that all its unpublished entries go out in order.
    """
    return {
        "$push": {"outbox": {"$each": list(entries)}},
        "$inc": {"outbox_length": len(entries)},
        "$set": {"outbox_at": now, "outbox_next_at": now},
    }


def merged(*updates: Mapping[str, Mapping[str, Any]]) -> Document:
    """Several update documents as one (`$set` with `$set`, `$inc` with `$inc`, …)."""
    result: Document = {}
    for update in updates:
        for operator, fields in update.items():
            result.setdefault(operator, {}).update(fields)
    return result


def pending_of(document: Document) -> Pending:
    """What the relay needs to publish a document just written by us."""
    return Pending(
        document_id=document["_id"],
        entries=document["outbox"][document["outbox_published"] :],
        length=document["outbox_length"],
        leased_until=document["outbox_next_at"],
    )
