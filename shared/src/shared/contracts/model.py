"""How every contract model behaves: frozen, tolerant of additions when read, exact when written."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, PlainSerializer


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("time needs a zone, for example 2026-11-24T09:30:00+08:00")
    return moment


def rfc3339(moment: datetime) -> str:
    """`2026-11-24T08:00:00.123Z`: how times are written on every wire of ours."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Moment = Annotated[datetime, AfterValidator(_aware), PlainSerializer(rfc3339, return_type=str, when_used="json")]
"""A point in time with a zone; a time without one is refused, since a hotline's clock is local."""


class Contract(BaseModel):
    """Base of everything that is read from a topic: unknown fields are ignored, so additions break nobody."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="strings")


class Strict(BaseModel):
    """Base of everything a person or a program sends us over HTTP: unknown fields are refused by name."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=False)


class EventData(Contract):
    """The data of one event type; `type_name` is `<subject>.<past participle>.v<major>`."""

    type_name: ClassVar[str]

    suggestion_id: str
    """ULID of the suggestion that this event is about; also the record's key."""
