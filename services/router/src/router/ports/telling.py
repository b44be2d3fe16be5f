"""What other services tell about a suggestion and the desk shows beside its case."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

from shared.contracts.model import Contract
from shared.contracts.notices import Form, NoticeChannel, NoticeOutcome
from shared.contracts.suggestions import MediaRef


class Notified(Contract):
    """A notice's fate, as the desk shows it."""

    form: Form
    channel: NoticeChannel
    audience: Literal["resident", "unit", "leader"]
    attempts: int
    at: datetime
    sent: bool
    reason: str | None = None


class NoticeLog(Protocol):
    """What residents and units were told about a suggestion, and whether it reached them."""

    async def note(self, event_id: str, outcome: NoticeOutcome, *, sent: bool) -> None:
        """The same event again has no effect."""
        ...

    async def of(self, suggestion_id: str) -> Sequence[Notified]:
        """In the order of time."""
        ...


class CopyLog(Protocol):
    """What can be played of a suggestion's recording; told of apart from its case, and perhaps before it."""

    async def note(self, suggestion_id: str, media: Sequence[MediaRef]) -> None:
        """The same again has no effect."""
        ...

    async def of(self, suggestion_id: str) -> Sequence[MediaRef]:
        """None were made (yet): empty."""
        ...
