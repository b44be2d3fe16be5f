"""What a form says, before it becomes text or HTML."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

Translate = Callable[[str], str]
"""English sentence in, the reader's language out."""

LOCAL = timezone(timedelta(hours=8))
"""Asia/Shanghai, which has had no other offset since 1991; forms print local time."""


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A printable form; `facts` are label and value, `link` is what the button opens."""

    title: str
    subject: str
    number: str
    paragraphs: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    closing: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Why a suggestion was declined, in the reader's language; `redirect` says where to turn instead."""

    name: str
    redirect: str


@dataclass(frozen=True, kw_only=True)
class Particulars:
    """What the wording needs beside the notice: who writes, who reads, and how to follow the case."""

    district: str
    suggestion_id: str
    summary: str
    received_at: datetime
    query_code: str
    ground: Ground | None = None


def moment(tr: Translate, at: datetime) -> str:
    """Date and time as forms print them."""
    local = at.astimezone(LOCAL)
    return tr("{year}-{month:02}-{day:02} {hour:02}:{minute:02}").format(
        year=local.year, month=local.month, day=local.day, hour=local.hour, minute=local.minute
    )


def day(tr: Translate, date: str) -> str:
    """A date given as YYYY-MM-DD; anything else is printed as it came."""
    try:
        parsed = datetime.strptime(date, "%Y-%m-%d").replace(tzinfo=LOCAL)
    except ValueError:
        return date
    return tr("{year}-{month:02}-{day:02}").format(year=parsed.year, month=parsed.month, day=parsed.day)
