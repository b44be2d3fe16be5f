"""Events in, mails and proofs out: the notifier on a real Kafka, a real database and a real SMTP server."""

from __future__ import annotations

import asyncio
import base64
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import httpx2
import pytest
from fastapi import FastAPI
from ulid import ULID

from notifier.bootstrap import bootstrap
from notifier.settings import Settings
from shared.clock import SystemClock
from shared.contracts.model import EventData
from shared.contracts.topics import TOPIC_OF
from shared.messaging.decoding import from_record
from shared.messaging.encoding import to_record
from shared.messaging.publishing import Publisher
from shared.storage.mongo import Mongo
from shared.storage.outbox import entry
from shared.storage.vault import Vault
from tests.support.infrastructure import Infrastructure
from tests.support.notices import accepted, assigned, declined, submitted
from tests.support.smtp import Mailbox, mail_server

pytestmark = pytest.mark.connected
PACK = Path(__file__).parents[3] / "deploy" / "district"


@dataclass
class Town:
    """A notifier at work, and the hands of the test around it."""

    infrastructure: Infrastructure
    mailbox: Mailbox
    port: int
    prefix: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:8]}_")
    key: str = field(default_factory=lambda: base64.b64encode(os.urandom(32)).decode())

    def settings(self) -> Settings:
        return Settings(
            kafka_bootstrap_servers=self.infrastructure.kafka,
            mongodb_uri=self.infrastructure.mongo_uri,
            mongodb_database_prefix=self.prefix,
            minsheng_state=self.infrastructure.state,
            district_pack=PACK,
            vault_key=self.key,
            smtp_port=self.port,
        )

    @asynccontextmanager
    async def notifier(self) -> AsyncIterator[FastAPI]:
        app = bootstrap(self.settings(), group=f"notifier-{self.prefix}")
        async with app.router.lifespan_context(app):
            yield app

    async def keep_contact(self, suggestion_id: str, email: str = "li@example.org") -> str:
        mongo = Mongo(self.infrastructure.mongo_uri, prefix=self.prefix)
        vault = Vault(mongo.database("vault")["contacts"], SystemClock(), key=self.key)
        contact = {
            "name": "李明",
            "phone": "13800001234",
            "email": email,
            "language": "zh-CN",
            "tracking_url": f"https://jianyi.example/t/{suggestion_id}",
            "query_code": "ABCD-EFGH-JKLM-NPQR",
        }
        contact_id = await vault.put(contact)
        mongo.close()
        return contact_id

    async def publish(self, *events: EventData | dict[str, Any]) -> list[dict[str, Any]]:
        """Publish events (or entries made before) in order; returns the entries."""
        made = [one if isinstance(one, dict) else entry(one, source="tests", at=SystemClock().now()) for one in events]
        publisher = Publisher(self.infrastructure.connection())
        await publisher.publish([to_record(TOPIC_OF[one["type"]], one) for one in made])
        await publisher.stop()
        return made

    async def proofs(self, suggestion_id: str, count: int) -> list[Any]:
        """The first `count` events of topic `notices` about a suggestion."""
        found: list[Any] = []
        consumer = self.infrastructure.connection().consumer("notices", auto_offset_reset="earliest")
        await consumer.start()
        try:
            async with asyncio.timeout(20):
                while len(found) < count:
                    record = await consumer.getone()
                    if record.key == suggestion_id.encode():
                        assert b"example.org" not in record.value
                        found.append(from_record(record))
        finally:
            await consumer.stop()
        return found

    def subjects(self) -> list[str]:
        return [str(message["Subject"]) for message in self.mailbox.taken]


async def until(condition: Callable[[], Awaitable[bool]] | Callable[[], bool], *, seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while True:
            found = condition()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.05)


@pytest.fixture
async def town(infrastructure: Infrastructure) -> AsyncIterator[Town]:
    mailbox = Mailbox()
    async with AsyncExitStack() as stack:
        port = stack.enter_context(mail_server(mailbox))
        yield Town(infrastructure, mailbox, port)


async def test_a_resident_is_mailed_receipt_then_acceptance_and_both_are_proved(town: Town) -> None:
    suggestion_id = str(ULID())
    contact_id = await town.keep_contact(suggestion_id)
    async with town.notifier():
        made = await town.publish(submitted(suggestion_id, contact_id=contact_id))
        made += await town.publish(accepted(suggestion_id), assigned(suggestion_id))
        await until(lambda: len(town.mailbox.taken) == 2)
        proofs = await town.proofs(suggestion_id, 5)
    assert town.subjects() == ["【陵和区】人民建议收到回执", "【陵和区】受理告知书 LH-2026-000123"]
    letter = town.mailbox.taken[1].get_body(("plain",))
    assert letter is not None
    text = letter.get_content()
    for part in ("区住房和城乡建设局", "2026年12月15日", "15个工作日", "ABCD-EFGH-JKLM-NPQR", f"/t/{suggestion_id}"):
        assert part in text
    told = {(proof.data.form, proof.data.channel) for proof in proofs}
    assert told == {
        ("receipt", "page"),
        ("receipt", "email"),
        ("acceptance", "page"),
        ("assignment", "page"),
        ("acceptance", "email"),
    }
    by_event = {proof.data.event_id for proof in proofs}
    assert by_event == {one["event_id"] for one in made}
    assert all(proof.causation_id == proof.data.event_id for proof in proofs)
    assert len({proof.data.notice_id for proof in proofs}) == 5


async def test_a_case_event_that_overtakes_its_suggestion_is_mailed_after_the_receipt(town: Town) -> None:
    suggestion_id = str(ULID())
    contact_id = await town.keep_contact(suggestion_id)
    async with town.notifier():
        await town.publish(declined(suggestion_id))
        await town.proofs(suggestion_id, 1)
        assert town.mailbox.taken == []
        await town.publish(submitted(suggestion_id, contact_id=contact_id))
        await until(lambda: len(town.mailbox.taken) == 2)
    assert town.subjects() == ["【陵和区】人民建议收到回执", "【陵和区】不予受理告知书"]


async def test_events_that_come_again_are_told_once(town: Town) -> None:
    suggestion_id = str(ULID())
    contact_id = await town.keep_contact(suggestion_id)
    async with town.notifier():
        events = await town.publish(submitted(suggestion_id, contact_id=contact_id), assigned(suggestion_id))
        await until(lambda: len(town.mailbox.taken) == 2)
        await town.publish(*events, *events)
        # one last event of the same key, so in the same partition, shows that the repeats were consumed
        await town.publish(declined(suggestion_id))
        await until(lambda: len(town.mailbox.taken) >= 3)
        proofs = await town.proofs(suggestion_id, 6)
    assert town.subjects()[2] == "【陵和区】不予受理告知书"
    assert len({proof.data.notice_id for proof in proofs}) == 6


async def test_a_refused_address_is_reported_as_failed_with_a_code_and_no_address(town: Town) -> None:
    suggestion_id = str(ULID())
    contact_id = await town.keep_contact(suggestion_id)
    town.mailbox.rcpt_answers = ["550 5.1.1 no such mailbox"]
    async with town.notifier():
        await town.publish(submitted(suggestion_id, contact_id=contact_id))
        proofs = await town.proofs(suggestion_id, 2)
    failed = next(proof for proof in proofs if proof.type == "notice.failed.v1")
    assert (failed.data.channel, failed.data.reason, failed.data.attempts) == ("email", "address-refused", 1)


async def test_mails_wait_while_the_mail_server_is_away_and_go_when_it_is_back(infrastructure: Infrastructure) -> None:
    mailbox = Mailbox()
    with mail_server(mailbox) as port:
        pass  # now nobody listens there
    town = Town(infrastructure, mailbox, port)
    suggestion_id = str(ULID())
    contact_id = await town.keep_contact(suggestion_id)
    async with town.notifier() as app:
        await town.publish(submitted(suggestion_id, contact_id=contact_id))
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://t") as client:

            async def counted_as_away() -> bool:
                return 'outcome="away"' in (await client.get("/metrics")).text

            await until(counted_as_away)
            with mail_server(mailbox, port):
                await until(lambda: len(mailbox.taken) == 1)
                health = await client.get("/health/ready")
    assert health.json()["reasons"] == []


async def test_who_unsubscribed_by_the_link_in_a_mail_gets_no_more(town: Town) -> None:
    suggestion_id = str(ULID())
    contact_id = await town.keep_contact(suggestion_id)
    async with town.notifier() as app:
        await town.publish(submitted(suggestion_id, contact_id=contact_id))
        await until(lambda: len(town.mailbox.taken) == 1)
        link = str(town.mailbox.taken[0]["List-Unsubscribe"]).strip("<>")
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://t") as client:
            answer = await client.post(urlparse(link).path)
            assert answer.status_code == 200
            await town.publish(assigned(suggestion_id))

            async def counted() -> bool:
                return 'outcome="unsubscribed"' in (await client.get("/metrics")).text

            await until(counted)
    assert len(town.mailbox.taken) == 1
