"""Fakes of the notifier's ports, and the events that it listens to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ulid import ULID

from notifier.domain.notice import Notice, Recipient
from notifier.ports import Contact, Job, Mail, Preference
from shared.contracts.cases import CaseAccepted, CaseAssigned, CaseDeclined, Decision, Due, Unit
from shared.contracts.envelope import Event
from shared.contracts.model import EventData
from shared.contracts.suggestions import SuggestionSubmitted

AT = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
UNIT = Unit(id="zhujianju", name="区住房和城乡建设局")
DUE = Due(date="2026-12-15", computation="自2026年11月24日起算，扣除双休日，共15个工作日")
DECISION = Decision(method="rule", actor="router")


def event_of(data: EventData) -> Event[Any]:
    """`data` as it comes from a topic."""
    return Event(
        id=str(ULID()),
        type=data.type_name,
        source="tests",
        subject=data.suggestion_id,
        time=AT,
        data=data,
    )


def submitted(suggestion_id: str, **changes: Any) -> SuggestionSubmitted:
    fields: dict[str, Any] = {"channel": "web", "received_at": AT, "text": "建议在小区门口增加充电桩。"}
    return SuggestionSubmitted(suggestion_id=suggestion_id, **fields | changes)


def accepted(suggestion_id: str) -> CaseAccepted:
    return CaseAccepted(suggestion_id=suggestion_id, case_id="c1", number="LH-2026-000123", at=AT)


def assigned(suggestion_id: str, unit: Unit = UNIT) -> CaseAssigned:
    return CaseAssigned(
        suggestion_id=suggestion_id,
        case_id="c1",
        number="LH-2026-000123",
        unit=unit,
        decision=DECISION,
        due=DUE,
    )


def declined(suggestion_id: str, redirect: str = "") -> CaseDeclined:
    return CaseDeclined(suggestion_id=suggestion_id, case_id="c1", ground="R07", redirect=redirect, decision=DECISION)


class FakeBook:
    """Keeps notices in memory, unique by id."""

    def __init__(self) -> None:
        self.recipients: dict[str, Recipient] = {}
        self.shown: dict[str, tuple[Notice, str, str]] = {}
        self.queued: dict[str, Notice] = {}
        self.held: set[str] = set()
        self.before_queue: Callable[[], None] = lambda: None

    async def known(self, suggestion_id: str) -> Recipient | None:
        return self.recipients.get(suggestion_id)

    async def introduce(self, recipient: Recipient) -> None:
        self.recipients.setdefault(recipient.suggestion_id, recipient)
        await self.release(recipient)

    async def release(self, recipient: Recipient) -> None:
        self.held -= {one.id for one in self.queued.values() if one.suggestion_id == recipient.suggestion_id}

    async def show(self, notice: Notice, *, title: str, text: str) -> bool:
        new = notice.id not in self.shown
        self.shown.setdefault(notice.id, (notice, title, text))
        return new

    async def queue(self, notice: Notice, *, held: bool) -> bool:
        self.before_queue()
        new = notice.id not in self.queued
        if new:
            self.queued[notice.id] = notice
            if held:
                self.held.add(notice.id)
        return new

    async def acceptance_told(self, suggestion_id: str, *, besides: str) -> bool:
        return any(
            one.form == "acceptance" and one.suggestion_id == suggestion_id and one.event_id != besides
            for one in self.queued.values()
        )


class FakeJobs:
    """One job, and a note of what became of it."""

    def __init__(self, recipient: Recipient | None) -> None:
        self._recipient = recipient
        self.blocker: datetime | None = None
        self.became: tuple[str, Any] | None = None
        self.write_failures: list[Exception] = []

    async def claim(self) -> Job | None:
        return None

    async def recipient(self, job: Job) -> Recipient | None:
        return self._recipient

    async def blocked_until(self, job: Job) -> datetime | None:
        return self.blocker

    async def _note(self, *what: Any) -> bool:
        if self.write_failures:
            raise self.write_failures.pop()
        self.became = (what[0], what[1])
        return True

    async def postpone(self, job: Job, *, until: datetime, attempts: int) -> bool:
        return await self._note("postponed", (until, attempts))

    async def sent(self, job: Job) -> bool:
        return await self._note("sent", None)

    async def failed(self, job: Job, *, reason: str) -> bool:
        return await self._note("failed", reason)

    async def dropped(self, job: Job, *, reason: str) -> bool:
        return await self._note("dropped", reason)


class FakeContacts:
    """A vault with one contact, and the wishes of its owner."""

    def __init__(self, contact: Contact | None, preference: Preference | None = None) -> None:
        self.contact = contact
        self.wish = preference or Preference()
        self.error: Exception | None = None

    async def find(self, contact_id: str) -> Contact | None:
        if self.error:
            raise self.error
        return self.contact

    async def preference(self, address: str) -> Preference:
        return self.wish


class FakeComposer:
    """Says which form and language, nothing else."""

    def page(self, notice: Notice, *, language: str) -> tuple[str, str]:
        return notice.form, language

    def mail(self, notice: Notice, *, to: str, recipient: Recipient, contact: Contact, language: str) -> Mail:
        return Mail(
            to=to,
            subject=notice.form,
            text=language,
            html="",
            language=language,
            message_id=notice.id,
            thread_id=notice.suggestion_id,
            unsubscribe_url="https://example.org/u",
        )


class FakeMailer:
    """Keeps what was sent; raises `error` while there is one."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.sent: list[Mail] = []

    async def send(self, mail: Mail) -> None:
        if self.error:
            raise self.error
        self.sent.append(mail)


class FakeWishes:
    """Knows the token `good`."""

    def __init__(self) -> None:
        self.preference = Preference()

    async def read(self, token: str) -> Preference | None:
        return self.preference if token == "good" else None

    async def write(self, token: str, preference: Preference) -> bool:
        if token != "good":
            return False
        self.preference = preference
        return True


def job_of(notice: Notice, *, attempts: int = 0) -> Job:
    return Job(notice=notice, attempts=attempts, planned_at=AT, lease={})


def mail_notice(suggestion_id: str = "S1", **changes: Any) -> Notice:
    notice = Notice(suggestion_id=suggestion_id, event_id="E1", channel="email", form="receipt", at=AT)
    return replace(notice, **changes)


def recipient_of(suggestion_id: str = "S1", contact_id: str | None = "K1") -> Recipient:
    return Recipient(suggestion_id=suggestion_id, contact_id=contact_id, language="zh-CN", received_at=AT)
