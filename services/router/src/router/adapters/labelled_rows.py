"""Messages from a JSON Lines file: id, subject, text, submitted_at, and a category or an issue with likes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ValidationError, field_validator

from router.domain.messages import Message
from router.domain.text_model import Row
from shared.errors import PermanentError

Written = Callable[[str], str]
"""From what people wrote to the form that is compared."""
_HERE = ZoneInfo("Asia/Shanghai")


class RowsError(PermanentError):
    """A file that can't be evaluated; the message names the line."""

    code = "invalid-rows"


class MessageRow(BaseModel):
    """One line; unknown fields are ignored. A time without a zone is Shanghai's."""

    id: str
    text: str
    subject: str | None = None
    submitted_at: datetime | None = None
    category: str | None = None
    issue: str | None = None
    likes: int = 0

    @field_validator("id", mode="before")
    @classmethod
    def _numbers_too(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int) else value

    @field_validator("submitted_at", mode="before")
    @classmethod
    def _as_published(cls, value: Any) -> Any:
        if not isinstance(value, str) or "T" in value:
            return value
        day, _, clock = value.strip().replace("/", "-").partition(" ")
        year, month, date = (int(part) for part in day.split("-"))
        hour, minute, second = (int(part) for part in (clock or "0:0:0").split(":"))
        return datetime(year, month, date, hour, minute, second, tzinfo=_HERE)

    @field_validator("submitted_at", mode="after")
    @classmethod
    def _zoned(cls, value: datetime | None) -> datetime | None:
        return value.replace(tzinfo=_HERE) if value is not None and value.tzinfo is None else value


def read(path: Path) -> list[MessageRow]:
    """All lines of the file; raises RowsError."""
    rows = []
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise RowsError(f"{path.name}: {error}") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            rows.append(MessageRow.model_validate(json.loads(line)))
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"]))
            raise RowsError(f"{path.name}: line {number}: {field}: {first['msg']}") from error
        except ValueError as error:
            raise RowsError(f"{path.name}: line {number}: {error}") from error
    if not rows:
        raise RowsError(f"{path.name}: no rows")
    return rows


def labelled(path: Path, written: Written) -> list[Row]:
    """The rows that have a category; raises RowsError when none has."""
    found = [Row(r.category, written(r.text), written(r.subject or "") or None) for r in read(path) if r.category]
    if not found:
        raise RowsError(f"{path.name}: no row has a category")
    return found


def stream(path: Path, written: Written) -> tuple[list[Message], dict[str, str]]:
    """All rows in the order of time, and {id: issue} of those that name one; raises RowsError without times."""
    rows = read(path)
    messages = []
    for row in rows:
        if row.submitted_at is None:
            raise RowsError(f"{path.name}: row {row.id} has no submitted_at")
        messages.append(
            Message(row.id, written(row.text), row.submitted_at, written(row.subject or "") or None, None, row.likes)
        )
    if len({m.id for m in messages}) < len(messages):
        raise RowsError(f"{path.name}: an id occurs twice")
    messages.sort(key=lambda m: (m.at, m.id))
    return messages, {row.id: row.issue for row in rows if row.issue}
