"""Mail by SMTP: one message, one connection, bounded in time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

import aiosmtplib
import structlog

from notifier.ports import Mail
from shared import crash_points
from shared.clock import Clock
from shared.errors import PermanentError, TransientError, Unavailable

_log = structlog.get_logger(__name__)
TIMEOUT_S = 8.0
"""Of each step of the dialogue."""
WHOLE_TIMEOUT_S = 20.0
"""Of all of it: a server that drips a byte a second holds nobody up for longer."""
FAILURES_UNTIL_NOT_READY = 3


@dataclass(frozen=True, kw_only=True)
class MailServer:
    """Where mail is handed in. `starttls`: `auto` (if offered), `required`, `off`."""

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    starttls: str = "auto"
    timeout_s: float = TIMEOUT_S


class SmtpMailer:
    """Fulfils `Mailer`."""

    def __init__(self, server: MailServer, *, sender: str, clock: Clock) -> None:
        name, address = parseaddr(sender)
        self._from = Address(display_name=name, addr_spec=address)
        self._server = server
        self._clock = clock
        self._failures = 0
        self._reason = ""

    def message(self, mail: Mail) -> EmailMessage:
        """Text and HTML of one notice; header values are checked by the library, line breaks refused."""
        message = EmailMessage(policy=SMTP)
        message["From"] = self._from
        message["To"] = Address(addr_spec=mail.to)
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(self._clock.now())
        message["Message-ID"] = f"<{mail.message_id}@{self._from.domain}>"
        # All mails of one suggestion hang together in the reader's mailbox.
        message["References"] = f"<{mail.thread_id}@{self._from.domain}>"
        message["Content-Language"] = mail.language
        message["Auto-Submitted"] = "auto-generated"
        message["X-Auto-Response-Suppress"] = "All"
        message["List-Unsubscribe"] = f"<{mail.unsubscribe_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message.set_content(mail.text, cte="base64")
        message.add_alternative(mail.html, subtype="html", cte="base64")
        return message

    async def send(self, mail: Mail) -> None:
        """Hand one mail to the server."""
        message = self.message(mail)
        crash_points.reach("before_send")
        try:
            await self._send(message, mail.to)
        except Unavailable as error:
            self._failures += 1
            self._reason = error.code
            raise
        self._failures = 0
        crash_points.reach("after_send")

    async def _send(self, message: EmailMessage, to: str) -> None:
        server = self._server
        start_tls = {"required": True, "off": False}.get(server.starttls, True if server.username else None)
        try:
            async with asyncio.timeout(WHOLE_TIMEOUT_S):
                await aiosmtplib.send(
                    message,
                    sender=self._from.addr_spec,
                    recipients=[to],
                    hostname=server.host,
                    port=server.port,
                    username=server.username,
                    password=server.password,
                    local_hostname=self._from.domain,
                    timeout=server.timeout_s,
                    start_tls=start_tls,
                )
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _refused(error.recipients[0].code, "address-refused") from None
        except aiosmtplib.SMTPDataError as error:
            raise _refused(error.code, "mail-refused") from None
        except aiosmtplib.SMTPNotSupported:
            raise PermanentError("the server can't take such an address", code="address-refused") from None
        except (aiosmtplib.SMTPException, OSError) as error:
            # Connection, greeting, login, our own sender address: nothing that this mail could help.
            _log.warning("mail_server_away", error_type=type(error).__name__, code=getattr(error, "code", None))
            raise Unavailable("the mail server can't be worked with", code=type(error).__name__) from None

    async def check(self) -> str | None:
        """Readiness: the mail server took the last mails that we had for it."""
        if self._failures < FAILURES_UNTIL_NOT_READY:
            return None
        return f"{self._failures} tries in a row did not reach the mail server ({self._reason})"


def _refused(code: int, reason: str) -> PermanentError | TransientError:
    if 500 <= code < 600:
        return PermanentError(f"the server refused with {code}", code=reason)
    return TransientError(f"the server put it off with {code}", code="deferred")
