"""Kafka records to events: CloudEvents 1.0 in binary and structured mode (CNCF SDK), validated by the contracts.

Two losses that libraries make by default are prevented: a null or non-UTF-8 header that kills the
parser, and a value without a content-type that is taken for no event at all.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

from cloudevents.core.bindings.kafka import KafkaMessage, from_binary, from_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from pydantic import ValidationError

from shared.contracts.envelope import Event
from shared.contracts.model import Contract
from shared.contracts.topics import EVENT_TYPES
from shared.errors import InvalidInput
from shared.messaging.encoding import JSON_TYPE

STRUCTURED_PREFIX = "application/cloudevents"
_FORMAT = JSONFormat()
_EXTENSIONS = ("correlationid", "causationid", "partitionkey", "traceparent")


class Record(Protocol):
    """What we need of a consumed record (aiokafka's ConsumerRecord fits)."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...


def _readable(headers: Iterable[tuple[str, bytes | None]]) -> dict[str, bytes]:
    """Headers by lower-case name, those that are null or not UTF-8 left out; the first of a name counts."""
    kept: dict[str, bytes] = {}
    for name, value in headers:
        if value is None:
            continue
        try:
            value.decode()
        except UnicodeDecodeError:
            continue
        kept.setdefault(name.lower(), value)
    return kept


def _decode(record: Record) -> CloudEvent:
    headers = _readable(record.headers)
    content_type = headers.get("content-type", b"").decode().strip().lower()
    value = record.value or b""
    envelope = {name: header for name, header in headers.items() if name.startswith("ce_")}
    structured = content_type.startswith(STRUCTURED_PREFIX) or not envelope
    try:
        if structured:
            loaded = json.loads(value)
            if not isinstance(loaded, dict) or "specversion" not in loaded:
                raise InvalidInput("the record is not a CloudEvent", code="not-a-cloudevent")
            event = from_structured(KafkaMessage(headers={}, key=None, value=value), _FORMAT, CloudEvent)
        else:
            envelope["content-type"] = JSON_TYPE.encode()
            event = from_binary(KafkaMessage(headers=envelope, key=None, value=value), _FORMAT, CloudEvent)
    except InvalidInput:
        raise
    except Exception as error:  # the SDK and its parsers raise many kinds; none may stop a partition
        raise InvalidInput(f"unreadable: {type(error).__name__}", code="unreadable") from None
    if not isinstance(event, CloudEvent) or event.get_specversion() != "1.0":
        raise InvalidInput("only CloudEvents 1.0 is understood", code="not-a-cloudevent")
    return event


def from_record(record: Record, *, types: Mapping[str, type[Contract]] = EVENT_TYPES) -> Event[Contract]:
    """Decode and validate one record.

    Raises:
        InvalidInput: with code `unreadable`, `not-a-cloudevent`, `unknown-type` or `invalid-data`; its
            text names fields and kinds of error, never contents.
    """
    event = _decode(record)
    model = types.get(event.get_type())
    if model is None:
        raise InvalidInput("this event type is not known here", code="unknown-type")
    data = event.get_data()
    if not isinstance(data, dict):
        raise InvalidInput("the data is not a JSON object", code="unreadable")
    try:
        parsed = model.model_validate(data)
    except ValidationError as error:
        raise InvalidInput(describe(error), code=_code(error)) from None
    except Exception as error:  # e.g. lone surrogates, absurd numbers
        raise InvalidInput(f"invalid: {type(error).__name__}", code="invalid-data") from None
    subject = event.get_subject() or getattr(parsed, "suggestion_id", "") or ""
    extensions = {name: str(value) for name in _EXTENSIONS if (value := event.get_extension(name)) is not None}
    headers = _readable(record.headers)
    traceparent = headers["traceparent"].decode() if "traceparent" in headers else extensions.get("traceparent")
    return Event(
        id=event.get_id(),
        type=event.get_type(),
        source=event.get_source(),
        subject=subject,
        time=_aware(event.get_time()),
        data=parsed,
        causation_id=extensions.get("causationid"),
        traceparent=traceparent,
        extensions=extensions,
    )


def _aware(moment: datetime | None) -> datetime:
    if moment is None:
        return datetime.now(UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def describe(error: ValidationError) -> str:
    """Where and how the data is wrong, without the data: `text: string_too_long; place.lon: …`."""
    places = (f"{'.'.join(str(part) for part in one['loc']) or 'data'}: {one['type']}" for one in error.errors())
    return "; ".join(sorted(set(places)))[:500]


def _code(error: ValidationError) -> str:
    """One stable code for the whole; a missing zone is the commonest mistake of hotlines, so it has its own."""
    for one in error.errors():
        if "zone" in one["msg"]:
            return "time-without-zone"
    return "invalid-data"
