"""Mail over real SMTP: what arrives, and what each answer of a server means."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from notifier.adapters.mail import FAILURES_UNTIL_NOT_READY, MailServer, SmtpMailer
from notifier.ports import Mail
from shared.errors import PermanentError, TransientError, Unavailable
from tests.support.clock import FrozenClock
from tests.support.smtp import Mailbox, mail_server

MAIL = Mail(
    to="li@example.org",
    subject="【陵和区】受理告知书 LH-2026-000123",
    text="李明，您好：\n\n予以受理。\n",
    html="<p>李明，您好：</p>",
    language="zh-CN",
    message_id="notice.abc",
    thread_id="case.def",
    unsubscribe_url="https://notices.example/preferences/TOKEN/unsubscribe",
)


def mailer(port: int, *, timeout_s: float = 3) -> SmtpMailer:
    server = MailServer(host="127.0.0.1", port=port, timeout_s=timeout_s)
    return SmtpMailer(server, sender="陵和区人民建议征集办公室 <jianyi@linghe.example>", clock=FrozenClock())


async def test_a_mail_arrives_with_text_html_and_the_headers_that_mail_programs_look_for() -> None:
    mailbox = Mailbox()
    with mail_server(mailbox) as port:
        await mailer(port).send(MAIL)
    [message] = mailbox.taken
    assert mailbox.recipients == [["li@example.org"]]
    assert message["Subject"] == "【陵和区】受理告知书 LH-2026-000123"
    assert message["From"].addresses[0].display_name == "陵和区人民建议征集办公室"
    assert message["Message-ID"] == "<notice.abc@linghe.example>"
    assert message["References"] == "<case.def@linghe.example>"
    assert message["List-Unsubscribe"] == "<https://notices.example/preferences/TOKEN/unsubscribe>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    plain = message.get_body(("plain",))
    assert plain is not None
    assert plain.get_content().strip().endswith("予以受理。")


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        ("550 5.1.1 no such mailbox", PermanentError, "address-refused"),
        ("450 4.7.1 greylisted", TransientError, "deferred"),
    ],
)
async def test_a_refused_recipient_is_told_apart_for_good_and_for_now(
    answer: str, kind: type[Exception], code: str
) -> None:
    mailbox = Mailbox()
    mailbox.rcpt_answers = [answer]
    with mail_server(mailbox) as port, pytest.raises(kind) as raised:
        await mailer(port).send(MAIL)
    assert raised.value.code == code
    assert not isinstance(raised.value, Unavailable)


async def test_a_refused_content_is_final() -> None:
    mailbox = Mailbox()
    mailbox.data_answers = ["554 5.7.1 looks like spam"]
    with mail_server(mailbox) as port, pytest.raises(PermanentError) as raised:
        await mailer(port).send(MAIL)
    assert raised.value.code == "mail-refused"


async def test_no_server_is_our_trouble_and_turns_readiness_red_until_it_is_back() -> None:
    mailbox = Mailbox()
    with mail_server(mailbox) as port:
        pass
    sender = mailer(port)
    for _ in range(FAILURES_UNTIL_NOT_READY):
        with pytest.raises(Unavailable):
            await sender.send(MAIL)
    assert "mail server" in (await sender.check() or "")
    with mail_server(mailbox, port):
        await sender.send(MAIL)
    assert await sender.check() is None


@pytest.mark.parametrize("field", ["to", "subject", "message_id", "unsubscribe_url"])
async def test_a_line_break_in_a_header_is_refused_before_anything_is_sent(field: str) -> None:
    hostile = replace(MAIL, **{field: "x\r\nBcc: all@evil.example"})
    with pytest.raises((ValueError, IndexError)):
        mailer(1).message(hostile)


async def test_a_server_that_takes_the_mail_and_then_says_nothing_gets_it_again_under_the_same_message_id() -> None:
    """Row 35: a gateway that times out after the send. Whoever receives both can tell that they are one."""
    hanging, well = Mailbox(), Mailbox()
    never = asyncio.Event()

    async def hang(server: Any, session: Any, envelope: Any) -> str:
        await Mailbox.handle_DATA(hanging, server, session, envelope)
        await never.wait()
        return "250 too late"

    hanging.handle_DATA = hang
    with mail_server(hanging) as port, pytest.raises(Unavailable):
        await mailer(port, timeout_s=1).send(MAIL)
    with mail_server(well) as port:
        await mailer(port).send(MAIL)
    [first], [second] = hanging.taken, well.taken
    assert first["Message-ID"] == second["Message-ID"]
