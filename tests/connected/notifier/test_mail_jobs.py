"""Mails as leased jobs on the real database: taken by one, in order, sent again by the same name after a crash."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from notifier.adapters.mail_jobs import LEASE, MailJobs
from notifier.adapters.notice_book import NoticeBook
from notifier.handlers.deliver import Delivering
from notifier.ports import Contact
from shared.storage.mongo import Mongo
from shared.storage.outbox_store import OutboxStore
from tests.support.clock import FrozenClock
from tests.support.notices import FakeComposer, FakeContacts, FakeMailer, mail_notice, recipient_of

pytestmark = pytest.mark.connected


@dataclass
class Store:
    clock: FrozenClock
    book: NoticeBook
    jobs: MailJobs
    outbox: OutboxStore
    mailer: FakeMailer
    delivering: Delivering


@pytest.fixture
async def store(mongo: Mongo) -> Store:
    clock = FrozenClock()
    notices, recipients = mongo.database("notifier")["notices"], mongo.database("notifier")["recipients"]
    book = NoticeBook(notices, recipients, clock, nudge=lambda _: None)
    jobs = MailJobs(notices, recipients, clock, wake_relay=lambda: None)
    await jobs.ensure_indexes()
    mailer = FakeMailer()
    contacts = FakeContacts(Contact(email="li@example.org"))
    delivering = Delivering(jobs=jobs, contacts=contacts, composer=FakeComposer(), mailer=mailer, clock=clock)
    await book.introduce(recipient_of("S1"))
    return Store(clock, book, jobs, OutboxStore(notices, clock), mailer, delivering)


async def test_one_mail_is_claimed_by_one_of_many_senders(store: Store) -> None:
    await store.book.queue(mail_notice(), held=False)
    claimed = await asyncio.gather(*(store.jobs.claim() for _ in range(10)))
    assert len([job for job in claimed if job is not None]) == 1


async def test_a_sender_that_died_is_followed_by_another_with_the_same_message_id(store: Store) -> None:
    await store.book.queue(mail_notice(), held=False)
    first = await store.jobs.claim()
    assert first is not None
    await store.mailer.send(
        FakeComposer().mail(
            first.notice, to="li@example.org", recipient=recipient_of(), contact=Contact(), language="zh-CN"
        )
    )
    # … and here it dies, before it could note that the server took the mail
    assert await store.jobs.claim() is None
    store.clock.advance(LEASE.total_seconds() + 1)
    second = await store.jobs.claim()
    assert second is not None
    assert await store.delivering.deliver(second) == "sent"
    assert len({mail.message_id for mail in store.mailer.sent}) == 1


async def test_a_sender_that_slept_through_its_lease_writes_nothing(store: Store) -> None:
    await store.book.queue(mail_notice(), held=False)
    sleeper = await store.jobs.claim()
    store.clock.advance(LEASE.total_seconds() + 1)
    heir = await store.jobs.claim()
    assert sleeper is not None
    assert heir is not None
    assert await store.jobs.sent(heir) is True
    assert await store.jobs.failed(sleeper, reason="x") is False
    [pending] = await store.outbox.due(limit=10)
    assert [one["type"] for one in pending.entries] == ["notice.sent.v1"]


async def test_the_receipt_goes_before_a_notice_that_was_planned_earlier(store: Store) -> None:
    await store.book.queue(mail_notice(event_id="E2", form="decline"), held=False)
    store.clock.advance(1)
    await store.book.queue(mail_notice(event_id="E1", form="receipt"), held=False)
    order = []
    for _ in range(4):
        job = await store.jobs.claim()
        if job is not None:
            order.append((job.notice.form, await store.delivering.deliver(job)))
        store.clock.advance(1)
    assert order == [("decline", "blocked"), ("receipt", "sent"), ("decline", "sent")]


async def test_mails_planned_in_the_same_millisecond_keep_the_order_of_their_events(store: Store) -> None:
    events = [f"01K{number:023d}" for number in range(5)]
    for event in reversed(events):
        await store.book.queue(mail_notice(event_id=event, form="question"), held=False)
    for _ in range(20):
        job = await store.jobs.claim()
        if job is not None:
            await store.delivering.deliver(job)
        store.clock.advance(1)
    sent = [mail.message_id for mail in store.mailer.sent]
    assert sent == [mail_notice(event_id=event).id for event in events]


async def test_held_mails_are_dropped_when_the_suggestion_comes_without_contact(store: Store) -> None:
    await store.book.queue(mail_notice("S2", form="decline"), held=True)
    assert await store.jobs.claim() is None
    await store.book.introduce(recipient_of("S2", contact_id=None))
    assert await store.jobs.claim() is None
    assert await store.jobs.oldest_waiting_s() == 0.0


async def test_the_age_of_the_oldest_waiting_mail_is_known(store: Store) -> None:
    await store.book.queue(mail_notice(), held=False)
    store.clock.advance(42)
    assert await store.jobs.oldest_waiting_s() == 42.0
