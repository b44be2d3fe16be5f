"""A mail server that delivers to a web page: `python -m minsheng.mail_sink`. For the local stack only."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import escape
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from fastapi import FastAPI, HTTPException
from fastapi.responses import HTMLResponse
from prometheus_client import CollectorRegistry, Gauge
from ulid import ULID

from minsheng.places import Places
from shared.clock import SystemClock
from shared.runtime.health import Health
from shared.runtime.serve import build_app, serve

PAGE = """<!doctype html>
<html lang="zh-CN"><meta charset="utf-8"><title>邮件箱 Inbox</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>
body{{font:16px/1.6 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}}
td,th{{text-align:left;padding:.3rem .8rem .3rem 0;vertical-align:top}}
pre{{white-space:pre-wrap}}
</style>{body}</html>"""


class Mailbox:
    """All messages that arrived, oldest first, kept in one file of JSON lines."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.messages: list[dict[str, Any]] = []
        if path.exists():
            lines = path.read_text(encoding="utf-8").splitlines()
            self.messages = [json.loads(line) for line in lines if line.endswith("}")]

    def add(self, message: dict[str, Any]) -> None:
        """Keep a message on disk before it counts as delivered."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(message, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self.messages.append(message)


def read(raw: bytes, sender: str, recipients: list[str], at: str) -> dict[str, Any]:
    """What the inbox keeps of one message: `id`, `at`, `from`, `to`, `subject`, `text`, `html`, and its `headers`."""
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)

    def part(kind: str) -> str | None:
        found = message.get_body((kind,))
        return None if found is None else str(found.get_content())

    return {
        "id": str(ULID()),
        "at": at,
        "from": sender,
        "to": recipients,
        "subject": str(message.get("Subject", "")),
        "text": part("plain"),
        "html": part("html"),
        "headers": {name: str(value) for name, value in message.items()},
    }


class Receiver:
    """The SMTP side: accepts every recipient."""

    def __init__(self, box: Mailbox) -> None:
        self._box = box

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd calls it so
        """Store the message, then answer 250: an answer lost on the way makes the sender repeat it."""
        raw = envelope.original_content or b""
        at = SystemClock().now().isoformat()
        self._box.add(read(raw, envelope.mail_from or "", list(envelope.rcpt_tos), at))
        return "250 OK"


def pages(box: Mailbox, host: str, smtp_port: int) -> FastAPI:
    """The inbox page, the messages as JSON, health, and the SMTP listener for as long as the app lives."""

    @asynccontextmanager
    async def smtp(_: FastAPI) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()

        def session() -> SMTP:
            return SMTP(Receiver(box), enable_SMTPUTF8=True, loop=loop)

        async with await loop.create_server(session, host, smtp_port):
            yield

    registry = CollectorRegistry()
    received = Gauge("minsheng_mail_sink_messages", "Messages kept", registry=registry)
    received.set_function(lambda: len(box.messages))
    app = build_app(title="Minsheng mail sink", health=Health(), registry=registry, lifespan=smtp)

    @app.get("/api/messages")
    async def messages() -> list[dict[str, Any]]:
        return box.messages

    @app.get("/", response_class=HTMLResponse)
    async def inbox() -> str:
        rows = "".join(
            f"<tr><td>{escape(m['at'][:19])}<td>{escape(', '.join(m['to']))}"
            f"<td><a href='/messages/{m['id']}'>{escape(m['subject'])}</a>"
            for m in reversed(box.messages)
        )
        return PAGE.format(body=f"<h1>邮件箱 Inbox</h1><table><tr><th>时间<th>收件人<th>主题{rows}</table>")

    @app.get("/messages/{message_id}", response_class=HTMLResponse)
    async def message(message_id: str) -> str:
        found = next((m for m in box.messages if m["id"] == message_id), None)
        if found is None:
            raise HTTPException(404)
        html = escape(found["html"] or "", quote=True)
        frame = f"<iframe sandbox srcdoc='{html}' width='100%' height='600'></iframe>" if html else ""
        text = f"<pre>{escape(found['text'] or '')}</pre>"
        return PAGE.format(body=f"<p><a href='/'>←</a></p><h1>{escape(found['subject'])}</h1>{text}{frame}")

    return app


async def main() -> None:
    """Take mail and show it until told to stop."""
    places = Places.from_environment()
    box = Mailbox(places.folder("mail") / "messages.jsonl")
    app = pages(box, places.host, places.ports["MAIL_SMTP_PORT"])
    port = places.ports["MAIL_INBOX_PORT"]
    await serve(app, state=places.state, name="mail-sink", kind="infrastructure", host=places.host, port=port)


if __name__ == "__main__":
    asyncio.run(main())
