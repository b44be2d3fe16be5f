"""Consumed records built by hand, as aiokafka would give them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ulid import ULID

from shared.messaging.encoding import Outgoing, to_record


@dataclass(frozen=True)
class FakeRecord:
    """Fits `shared.messaging.decoding.Record`."""

    topic: str = "suggestions"
    partition: int = 0
    offset: int = 0
    key: bytes | None = None
    value: bytes | None = b""
    headers: list[tuple[str, bytes | None]] = field(default_factory=list)


def submitted_data(suggestion_id: str, text: str = "建议在小区门口增加充电桩。") -> dict[str, Any]:
    """The data of a plain web suggestion."""
    return {
        "suggestion_id": suggestion_id,
        "channel": "web",
        "received_at": "2026-11-24T01:00:00.000Z",
        "text": text,
    }


def outbox_entry(
    suggestion_id: str, *, event_id: str | None = None, data: Mapping[str, Any] | None = None, **changes: Any
) -> dict[str, Any]:
    """An outbox entry of `suggestion.submitted.v1`."""
    return {
        "event_id": event_id or str(ULID()),
        "type": "suggestion.submitted.v1",
        "source": "intake-web",
        "subject": suggestion_id,
        "time": "2026-11-24T01:00:00.000Z",
        "causation_id": None,
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "data": dict(data or submitted_data(suggestion_id)),
        **changes,
    }


def record_of(outgoing: Outgoing, *, offset: int = 0, partition: int = 0) -> FakeRecord:
    """What a consumer would see of a published record."""
    return FakeRecord(
        topic=outgoing.topic,
        partition=partition,
        offset=offset,
        key=outgoing.key,
        value=outgoing.value,
        headers=outgoing.headers,
    )


def submitted_record(suggestion_id: str, *, offset: int = 0, event_id: str | None = None) -> FakeRecord:
    """A consumed `suggestion.submitted.v1`."""
    return record_of(to_record("suggestions", outbox_entry(suggestion_id, event_id=event_id)), offset=offset)
