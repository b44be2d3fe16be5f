"""What the use cases need of the outside world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from notifier.domain.notice import Notice, Recipient

Outcome = Literal["sent", "failed", "deferred", "away", "blocked", "unaddressed", "unsubscribed", "overtaken"]
"""What became of one attempt to deliver."""


@dataclass(frozen=True, kw_only=True)
class Contact:
    """What the vault knows of a resident, as far as a mail needs it; never logged."""

    email: str | None = field(default=None, repr=False)
    name: str | None = field(default=None, repr=False)
    language: str | None = None
    tracking_url: str = field(default="", repr=False)
    query_code: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class Preference:
    """What the owner of an address wants; absent means: send, in the language of the suggestion."""

    mails: bool = True
    language: str | None = None


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail ready to be sent; `message_id` is the same each time this notice is sent."""

    to: str = field(repr=False)
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)
    language: str
    message_id: str
    thread_id: str
    unsubscribe_url: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Job:
    """A notice that is ours to deliver until its lease ends."""

    notice: Notice
    attempts: int
    """Refusals so far."""
    planned_at: datetime
    lease: Mapping[str, Any] = field(repr=False)
    """The store's own handle."""


class Book(Protocol):
    """The notices and their recipients."""

    async def known(self, suggestion_id: str) -> Recipient | None: ...
    async def introduce(self, recipient: Recipient) -> None: ...
    async def release(self, recipient: Recipient) -> None: ...
    async def show(self, notice: Notice, *, title: str, text: str) -> bool: ...
    async def queue(self, notice: Notice, *, held: bool) -> bool: ...
    async def acceptance_told(self, suggestion_id: str, *, besides: str) -> bool: ...


class Jobs(Protocol):
    """The mails to be delivered."""

    async def claim(self) -> Job | None: ...
    async def recipient(self, job: Job) -> Recipient | None: ...
    async def blocked_until(self, job: Job) -> datetime | None: ...
    async def postpone(self, job: Job, *, until: datetime, attempts: int) -> bool: ...
    async def sent(self, job: Job) -> bool: ...
    async def failed(self, job: Job, *, reason: str) -> bool: ...
    async def dropped(self, job: Job, *, reason: str) -> bool: ...


class Contacts(Protocol):
    """The vault and the wishes of those in it."""

    async def find(self, contact_id: str) -> Contact | None: ...
    async def preference(self, address: str) -> Preference: ...


class Composer(Protocol):
    """Turns notices into words."""

    def page(self, notice: Notice, *, language: str) -> tuple[str, str]: ...
    def mail(self, notice: Notice, *, to: str, recipient: Recipient, contact: Contact, language: str) -> Mail: ...


class Mailer(Protocol):
    """The way to the mail server.

    `send` raises PermanentError (the server refuses this mail for good), Unavailable (the server can't be worked
    with now, which says nothing about this mail) or another TransientError (it refuses this mail for now).
    """

    async def send(self, mail: Mail) -> None: ...


class Wishes(Protocol):
    """Preferences by the signed token that is in every mail."""

    async def read(self, token: str) -> Preference | None: ...
    async def write(self, token: str, preference: Preference) -> bool: ...
