"""How a notice is written in the database, and read back.

States of a mail: `held` (the suggestion itself has not come yet) → `pending` → `sending` → `sent`, `failed` or
`dropped` (nobody to mail, or no mails wanted). A notice for the page is `sent` from the start: publishing is delivery.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from notifier.domain.notice import AUDIENCE, Notice, Recipient
from shared.storage.mongo import Document

SOURCE = "notifier"
PER_SUGGESTION = 200
"""More notices than one suggestion ever has."""


def document_of(notice: Notice, *, state: str, now: datetime) -> Document:
    """A new record; `_id` makes it the only one for this event, recipient and channel."""
    return {
        "_id": notice.id,
        "suggestion_id": notice.suggestion_id,
        "event_id": notice.event_id,
        "audience": AUDIENCE,
        "channel": notice.channel,
        "form": notice.form,
        "at": notice.at,
        "facts": dict(notice.facts),
        "state": state,
        "attempts": 0,
        "planned_at": now,
    }


def notice_of(document: Mapping[str, Any]) -> Notice:
    """The notice that a record tells of."""
    return Notice(
        suggestion_id=document["suggestion_id"],
        event_id=document["event_id"],
        channel=document["channel"],
        form=document["form"],
        at=document["at"],
        facts=document["facts"],
    )


def recipient_of(document: Mapping[str, Any]) -> Recipient:
    """The recipient of one suggestion's notices."""
    return Recipient(
        suggestion_id=document["_id"],
        contact_id=document["contact_id"],
        language=document["language"],
        received_at=document["received_at"],
        summary=document["summary"],
    )


def outcome_fields(notice: Notice, *, attempts: int, at: datetime) -> dict[str, Any]:
    """What the events of topic `notices` have in common."""
    return {
        "suggestion_id": notice.suggestion_id,
        "notice_id": notice.id,
        "event_id": notice.event_id,
        "channel": notice.channel,
        "audience": AUDIENCE,
        "attempts": attempts,
        "form": notice.form,
        "at": at,
    }


def turn(document: Mapping[str, Any]) -> tuple[int, datetime, str]:
    """Place in the order of one suggestion's mails: the receipt first, then as the events came."""
    return (0 if document["form"] == "receipt" else 1, document["planned_at"], document["event_id"])
