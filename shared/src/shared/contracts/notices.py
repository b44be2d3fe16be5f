"""Topic `notices`: proof of delivery."""

from __future__ import annotations

from typing import ClassVar, Literal

from shared.contracts.model import EventData, Moment

NoticeChannel = Literal["page", "email", "sms", "webhook"]
Form = Literal[
    "receipt",
    "acceptance",
    "review",
    "decline",
    "assignment",
    "question",
    "progress",
    "result",
    "supervision",
]


class NoticeOutcome(EventData):
    """Common to both outcomes; `audience` is a role, never a person."""

    notice_id: str
    event_id: str
    """`ce_id` of the event that the notice tells of."""
    channel: NoticeChannel
    audience: Literal["resident", "unit", "leader"]
    attempts: int
    form: Form
    at: Moment


class NoticeSent(NoticeOutcome):
    """Delivered as far as the channel can prove it."""

    type_name: ClassVar[str] = "notice.sent.v1"

    title: str | None = None
    """Channel `page` only: what the tracking page shows (no personal data)."""
    text: str | None = None


class NoticeFailed(NoticeOutcome):
    """Given up; `reason` is a code."""

    type_name: ClassVar[str] = "notice.failed.v1"

    reason: str
