"""Text and work orders in, events out, tracking from events: intake-web on a real Kafka and a real database."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from ulid import ULID

from intake_web.bootstrap import bootstrap
from intake_web.settings import Settings
from shared.clock import SystemClock
from shared.contracts.suggestions import SuggestionSubmitted, Transcript
from shared.contracts.topics import TOPIC_OF
from shared.messaging.decoding import from_record
from shared.messaging.encoding import Outgoing, to_record
from shared.messaging.publishing import Publisher
from shared.receipts import Receipts
from shared.storage.blobs import Blobs
from shared.storage.mongo import Mongo
from shared.storage.outbox import entry
from shared.storage.vault import Vault
from tests.support import intake
from tests.support.infrastructure import Infrastructure
from tests.support.notices import assigned

pytestmark = pytest.mark.connected
TEXT = "建议在实验小学门前增设红绿灯和斑马线。"


@dataclass
class Office:
    """An intake-web at work, and the hands of the test around it."""

    infrastructure: Infrastructure
    kafka: str | None = None
    prefix: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:8]}_")

    def settings(self) -> Settings:
        return intake.settings(
            kafka_bootstrap_servers=self.kafka or self.infrastructure.kafka,
            mongodb_uri=self.infrastructure.mongo_uri,
            mongodb_database_prefix=self.prefix,
            minsheng_state=self.infrastructure.state,
            rate_limits="off",
        )

    @asynccontextmanager
    async def open(self) -> AsyncIterator[httpx2.AsyncClient]:
        app: FastAPI = bootstrap(self.settings(), group=f"intake-web-{self.prefix}")
        transport = httpx2.ASGITransport(app=app)
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(transport=transport, base_url=intake.WEB) as client,
        ):
            await self.until_ready(client, only_database=self.kafka is not None)
            yield client

    async def until_ready(self, client: httpx2.AsyncClient, *, only_database: bool) -> None:
        async with asyncio.timeout(40):
            while True:
                checks = (await client.get("/health/ready")).json()
                if checks["ready"] or (only_database and "topics" in str(checks["reasons"])):
                    return
                await asyncio.sleep(0.1)

    async def send(self, topic: str, value: bytes | None, *, key: bytes | None = None, headers: Any = ()) -> None:
        publisher = Publisher(self.infrastructure.connection())
        await publisher.publish([Outgoing(topic=topic, key=key, value=value, headers=list(headers))])
        await publisher.stop()

    async def publish(self, data: Any) -> None:
        made = entry(data, source="tests", at=SystemClock().now())
        record = to_record(TOPIC_OF[made["type"]], made)
        await self.send(record.topic, record.value, key=record.key, headers=record.headers)

    async def first(self, topic: str, wanted: Any) -> Any:
        """The first record of a topic that fits."""
        consumer = self.infrastructure.connection().consumer(topic, auto_offset_reset="earliest")
        await consumer.start()
        try:
            async with asyncio.timeout(40):
                while True:
                    record = await consumer.getone()
                    if wanted(record):
                        return record
        finally:
            await consumer.stop()


@pytest.fixture
def office(infrastructure: Infrastructure) -> Office:
    return Office(infrastructure)


def work_order(**changes: Any) -> dict[str, Any]:
    fields = {
        "source": "12345",
        "external_id": f"WO-{uuid.uuid4().hex}",
        "received_at": "2026-11-24T09:30:00+08:00",
        "text": TEXT,
        **changes,
    }
    return {name: value for name, value in fields.items() if value is not None}


def structured(data: Any, **changes: Any) -> bytes:
    event = {
        "specversion": "1.0",
        "id": str(ULID()),
        "type": "hotline.submitted.v1",
        "source": "hotline/12345",
        "data": data,
        **changes,
    }
    return json.dumps(event, ensure_ascii=False).encode()


async def test_a_text_is_on_the_topic_as_a_cloudevent_and_its_contact_in_the_vault_alone(office: Office) -> None:
    async with office.open() as client:
        contact = {"name": "李明", "phone": "13812340000", "email": "liming@example.org"}
        answer = await client.post("/api/v1/suggestions", json={"text": TEXT, "contact": contact})
        receipt = answer.json()
        sid = receipt["suggestion_id"].encode()
        record = await office.first("suggestions", lambda one: one.key == sid)
    headers = {name: value.decode() for name, value in record.headers}
    assert headers["ce_type"] == "suggestion.submitted.v1"
    assert headers["ce_subject"] == headers["ce_correlationid"] == headers["ce_partitionkey"] == sid.decode()
    assert "ce_causationid" not in headers
    assert TEXT in record.value.decode()
    assert not [value for value in contact.values() if value in record.value.decode()]
    mongo = Mongo(office.infrastructure.mongo_uri, prefix=office.prefix)
    vault = Vault(mongo.database("vault")["contacts"], SystemClock(), key=intake.KEY)
    kept = await vault.get(from_record(record).data.contact_id)
    mongo.close()
    assert kept is not None
    assert (kept["email"], kept["query_code"]) == ("liming@example.org", receipt["query_code"])


async def test_tracking_follows_the_events(office: Office) -> None:
    async with office.open() as client:
        receipt = (await client.post("/api/v1/suggestions", json={"text": TEXT})).json()
        question = {"query_code": receipt["query_code"]}
        assert (await client.post("/api/v1/tracking", json=question)).json()["state"] == "received"
        await office.publish(assigned(receipt["suggestion_id"]))
        async with asyncio.timeout(20):  # two topics: either event may be noted first
            while len((body := (await client.post("/api/v1/tracking", json=question)).json())["steps"]) < 2:
                await asyncio.sleep(0.1)
    assert body["state"] == "assigned"
    assert body["unit"]["name"]
    assert [step["type"] for step in body["steps"]] == ["suggestion.submitted.v1", "case.assigned.v1"]


async def test_many_sends_under_one_key_are_one_suggestion(office: Office) -> None:
    async with office.open() as client:
        body = {"text": TEXT, "contact": {"email": "a@example.org"}}
        sends = [client.post("/api/v1/suggestions", json=body, headers={"Idempotency-Key": "same"}) for _ in range(12)]
        receipts = {answer.text for answer in await asyncio.gather(*sends)}
        assert len(receipts) == 1
        mongo = Mongo(office.infrastructure.mongo_uri, prefix=office.prefix)
        assert await mongo.database("intake_web")["suggestions"].count_documents({}) == 1
        assert await mongo.database("vault")["contacts"].count_documents({}) == 1
        mongo.close()


async def test_intake_accepts_while_the_broker_is_away_and_the_backlog_follows(office: Office) -> None:
    without = Office(office.infrastructure, kafka="127.0.0.1:9", prefix=office.prefix)
    async with without.open() as client:
        answers = [await client.post("/api/v1/suggestions", json={"text": f"{TEXT}{n}"}) for n in range(3)]
        assert {answer.status_code for answer in answers} == {202}
    mongo = Mongo(office.infrastructure.mongo_uri, prefix=office.prefix)
    suggestions = mongo.database("intake_web")["suggestions"]
    await suggestions.update_many({}, {"$set": {"outbox_next_at": SystemClock().now()}})  # the dead writer's lease ends
    mongo.close()
    async with office.open():
        for answer in answers:
            sid = answer.json()["suggestion_id"].encode()
            await office.first("suggestions", lambda one, sid=sid: one.key == sid)


async def test_a_plain_work_order_becomes_our_event_with_its_cause(office: Office) -> None:
    order = work_order(contact={"name": "王芳", "phone": "13987650000"}, unknown_field=1)
    async with office.open():
        event_id = str(ULID())
        await office.send("hotline-submissions", structured(order, id=event_id))
        record = await office.first("suggestions", lambda one: order["external_id"].encode() in one.value)
    event = from_record(record)
    assert event.causation_id == event_id
    assert event.data.model_dump()["channel"] == "hotline"
    assert b"13987650000" not in record.value


async def test_a_binary_work_order_with_null_and_broken_headers_is_read(office: Office) -> None:
    """Rows 17 and 18."""
    order = work_order()
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", b"X1"),
        ("ce_type", b"hotline.submitted.v1"),
        ("ce_source", b"hotline/12345"),
        ("trace", None),
        ("vendor", b"\xff\xfe"),
        ("reply_to", b"notices"),
    ]
    async with office.open():
        await office.send("hotline-submissions", json.dumps(order).encode(), headers=headers)
        await office.first("suggestions", lambda one: order["external_id"].encode() in one.value)


async def test_the_same_work_order_twice_is_published_once(office: Office) -> None:
    order, last = work_order(), work_order()
    async with office.open():
        for one in (order, order, last):
            await office.send("hotline-submissions", structured(one), key=b"k")
        await office.first("suggestions", lambda one: last["external_id"].encode() in one.value)
        mongo = Mongo(office.infrastructure.mongo_uri, prefix=office.prefix)
        wanted = {"source": "12345", "external_id": order["external_id"]}
        assert await mongo.database("intake_web")["suggestions"].count_documents(wanted) == 1
        mongo.close()


BAD_ORDERS: list[tuple[dict[str, Any], str]] = [
    ({"source": "00000"}, "unknown-source"),
    ({"received_at": "2026-11-24T09:30:00"}, "time-without-zone"),
    ({"text": None}, "invalid-data"),
    ({"text": "长" * 20_001}, "invalid-data"),
    ({"place": {"town": "火星镇"}}, "unknown-town"),
    ({"text": None, "recording": {"uri": "https://elsewhere.example/a.wav", "sha256": "0" * 64}}, "foreign-uri"),
]


async def test_bad_work_orders_are_dead_letters_with_a_reason_and_stop_nobody(office: Office) -> None:
    """Row 16."""
    good = work_order()
    async with office.open():
        marks = {}
        for number, (changes, reason) in enumerate(BAD_ORDERS):
            marks[f"BAD-{number}-{uuid.uuid4().hex}"] = reason
            order = work_order(external_id=list(marks)[-1], **changes)
            await office.send("hotline-submissions", structured(order), key=b"one-partition")
        await office.send("hotline-submissions", b"\xff not json " + good["external_id"].encode(), key=b"one-partition")
        await office.send("hotline-submissions", structured(good), key=b"one-partition")
        await office.first("suggestions", lambda one: good["external_id"].encode() in (one.value or b""))
        for mark, reason in marks.items():
            letter = await office.first("hotline-submissions-dlq", lambda one, m=mark: m.encode() in (one.value or b""))
            headers = dict(letter.headers)
            assert headers["error-type"].decode() == reason
            assert headers["original-topic"] == b"hotline-submissions"
            assert "长" not in headers["error"].decode()


async def test_another_text_under_the_same_number_is_a_dead_letter(office: Office) -> None:
    order = work_order()
    async with office.open():
        await office.send("hotline-submissions", structured(order), key=b"k")
        await office.send("hotline-submissions", structured({**order, "text": "另一件事"}), key=b"k")
        letter = await office.first("hotline-submissions-dlq", lambda one: order["external_id"].encode() in one.value)
    assert dict(letter.headers)["error-type"] == b"conflicting-repeat"


async def test_a_hotlines_recording_is_announced_under_its_own_key(office: Office) -> None:
    blobs = Blobs(office.settings().blobs)
    stored = await blobs.put_bytes(f"hotline/12345/{uuid.uuid4().hex}.wav", b"RIFF")
    order = work_order(text=None, recording={"uri": stored.uri, "sha256": stored.sha256})
    async with office.open() as client:
        await office.send("hotline-submissions", structured(order))
        key = f"12345:{order['external_id']}".encode()
        record = await office.first("recordings", lambda one: one.key == key)
        event = from_record(record)
        code = Receipts(intake.KEY).query_code(event.subject)
        async with asyncio.timeout(20):
            while True:
                answer = await client.post("/api/v1/tracking", json={"query_code": code})
                if answer.status_code == 200 and answer.json()["state"] == "transcribing":
                    break
                await asyncio.sleep(0.1)
    assert event.type == "recording.received.v1"
    assert event.data.model_dump()["media"]["size_bytes"] == 4


async def test_a_correction_is_published_once(office: Office) -> None:
    sid = str(ULID())
    heard = SuggestionSubmitted(
        suggestion_id=sid,
        channel="voice",
        received_at=SystemClock().now(),
        text="早市占道",
        transcript=Transcript(verdict="doubtful"),
    )
    body = {"token": Receipts(intake.KEY).token(sid), "text": "早市占道经营"}
    async with office.open() as client:
        await office.publish(heard)
        async with asyncio.timeout(20):
            while (await client.post("/api/v1/tracking/correction", json=body)).status_code != 202:
                await asyncio.sleep(0.1)
        record = await office.first(
            "suggestions",
            lambda one: one.key == sid.encode() and dict(one.headers)["ce_type"].endswith(b"corrected.v1"),
        )
    assert from_record(record).data.model_dump()["text"] == "早市占道经营"
