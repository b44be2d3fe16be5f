"""One attempt to deliver: what is sent, retried, given up, or not due at all."""

from __future__ import annotations

from datetime import timedelta

import pytest

from notifier.domain.retrying import MAX_ATTEMPTS, PATIENCE
from notifier.handlers.deliver import Delivering
from notifier.ports import Contact, Job, Preference
from shared.errors import OutcomeUnknown, PermanentError, TransientError, Unavailable
from tests.support.clock import FrozenClock
from tests.support.notices import FakeComposer, FakeContacts, FakeJobs, FakeMailer, job_of, mail_notice, recipient_of

CONTACT = Contact(email="li@example.org", name="李明", language="zh-CN", tracking_url="https://x/t/1", query_code="Q")


class Desk:
    """The use case with fakes around it."""

    def __init__(self, contact: Contact | None = CONTACT, error: Exception | None = None) -> None:
        self.clock = FrozenClock()
        self.jobs = FakeJobs(recipient_of())
        self.contacts = FakeContacts(contact)
        self.mailer = FakeMailer(error)
        self.delivering = Delivering(
            jobs=self.jobs, contacts=self.contacts, composer=FakeComposer(), mailer=self.mailer, clock=self.clock
        )

    async def deliver(self, job: Job | None = None) -> str:
        return await self.delivering.deliver(job or job_of(mail_notice()))


async def test_a_mail_goes_to_the_address_in_the_vault_and_is_noted_as_sent() -> None:
    desk = Desk()
    assert await desk.deliver() == "sent"
    assert [mail.to for mail in desk.mailer.sent] == ["li@example.org"]
    assert desk.jobs.became == ("sent", None)


async def test_an_earlier_mail_of_the_same_suggestion_goes_first() -> None:
    desk = Desk()
    desk.jobs.blocker = desk.clock.now() + timedelta(seconds=7)
    assert await desk.deliver() == "blocked"
    assert desk.mailer.sent == []
    assert desk.jobs.became == ("postponed", (desk.jobs.blocker, 0))


@pytest.mark.parametrize("contact", [None, Contact(email=None, name="李明"), Contact(email="  ")])
async def test_without_an_address_nothing_is_due_and_nothing_has_failed(contact: Contact | None) -> None:
    desk = Desk(contact)
    assert await desk.deliver() == "unaddressed"
    assert desk.jobs.became == ("dropped", "unaddressed")


async def test_who_wants_no_mails_gets_none() -> None:
    desk = Desk()
    desk.contacts.wish = Preference(mails=False)
    assert await desk.deliver() == "unsubscribed"
    assert desk.mailer.sent == []


@pytest.mark.parametrize(
    ("wish", "contact_language", "expected"),
    [("en", "zh-CN", "en"), (None, "en", "en"), (None, None, "zh-CN")],
)
async def test_the_owners_wish_decides_the_language_then_the_contact_then_the_suggestion(
    wish: str | None, contact_language: str | None, expected: str
) -> None:
    desk = Desk(Contact(email="li@example.org", language=contact_language))
    desk.contacts.wish = Preference(language=wish)
    await desk.deliver()
    assert desk.mailer.sent[0].language == expected


@pytest.mark.parametrize("address", ["a@b.cn, c@d.cn", "x@y.cn\r\nBcc: all@z.cn", "李明 <li@example.org>", "nobody"])
async def test_what_is_not_one_address_fails_for_good_and_reaches_nobody(address: str) -> None:
    desk = Desk(Contact(email=address))
    assert await desk.deliver() == "failed"
    assert desk.jobs.became == ("failed", "bad-address")
    assert desk.mailer.sent == []


async def test_a_refusal_for_good_is_not_tried_again() -> None:
    desk = Desk(error=PermanentError("no such mailbox", code="address-refused"))
    assert await desk.deliver() == "failed"
    assert desk.jobs.became == ("failed", "address-refused")


async def test_a_refusal_for_now_is_tried_again_later_and_counted() -> None:
    desk = Desk(error=TransientError("greylisted", code="deferred"))
    assert await desk.deliver(job_of(mail_notice(), attempts=1)) == "deferred"
    assert desk.jobs.became is not None
    until, attempts = desk.jobs.became[1]
    assert attempts == 2
    assert timedelta(seconds=20) < until - desk.clock.now() <= timedelta(seconds=30)


async def test_a_mail_that_is_refused_for_now_too_often_is_given_up() -> None:
    desk = Desk(error=TransientError("greylisted", code="deferred"))
    assert await desk.deliver(job_of(mail_notice(), attempts=MAX_ATTEMPTS - 1)) == "failed"
    assert desk.jobs.became == ("failed", "refused-too-often")


async def test_an_outage_of_our_mail_server_counts_against_no_mail() -> None:
    """Row 35."""
    desk = Desk(error=Unavailable("no connection"))
    assert await desk.deliver(job_of(mail_notice(), attempts=MAX_ATTEMPTS - 1)) == "away"
    assert desk.jobs.became is not None
    assert desk.jobs.became[1][1] == MAX_ATTEMPTS - 1


async def test_after_days_without_mail_server_a_notice_fails() -> None:
    desk = Desk(error=Unavailable("no connection"))
    desk.clock.advance((PATIENCE + timedelta(minutes=1)).total_seconds())
    assert await desk.deliver() == "failed"
    assert desk.jobs.became == ("failed", "mail-server-away")


async def test_a_vault_that_does_not_open_fails_no_notice() -> None:
    desk = Desk()
    desk.contacts.error = PermanentError("wrong key", code="vault-key")
    assert await desk.deliver() == "away"


async def test_what_was_sent_is_noted_even_when_the_database_answers_only_the_third_time() -> None:
    desk = Desk()
    desk.jobs.write_failures = [OutcomeUnknown(), OutcomeUnknown()]
    assert await desk.deliver() == "sent"
    assert len(desk.mailer.sent) == 1
    assert desk.jobs.became == ("sent", None)
