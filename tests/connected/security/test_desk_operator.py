"""The desk's operator mends dead letters on a guarded broker and can do nothing else; the router itself can't."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import NewTopic
from aiokafka.errors import GroupAuthorizationFailedError, TopicAuthorizationFailedError

from router.bootstrap import bootstrap
from router.settings import Settings
from shared.clock import SystemClock
from shared.contracts.topics import TOPICS
from shared.errors import PermanentError, Unavailable
from shared.messaging import reading
from shared.messaging.access import TOPIC, WRITE, Grant, access
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.publishing import Publisher
from shared.operations import principals
from shared.operations.dead_letters import LetterOffice
from shared.operations.principals import DESK_OPERATOR, password_variable
from shared.storage.letters import letter_ledger
from shared.storage.mongo import Mongo
from tests.support.guarded import Guarded
from tests.support.infrastructure import Infrastructure
from tests.support.letter_box import SECRET, work_order
from tests.support.pack import PACK

pytestmark = pytest.mark.connected
LETTERS = [topic.dead_letters for topic in TOPICS]
NOT_AUTHORISED = 29


class Consumed:
    """A hotline's record as intake-web met it."""

    topic, partition, offset, key = "hotline-submissions", 2, 41, b"any"
    headers: tuple[tuple[str, bytes | None], ...] = ()
    value = work_order()


async def buried(broker: Guarded) -> None:
    publisher = Publisher(broker.service("intake-web"))
    await DeadLetters(publisher, SystemClock()).bury(
        Consumed(), error_type="time-without-zone", error="received_at: value_error", attempts=1
    )
    await publisher.stop()


async def test_the_operator_writes_the_topics_and_no_dead_letters(broker: Guarded) -> None:
    producer = broker.service(DESK_OPERATOR).producer()
    await producer.start()
    try:
        for topic in TOPICS:
            await producer.send_and_wait(topic.name, b"{}", key=b"k")
        for name in (*LETTERS, "__consumer_offsets", "there-is-none"):
            with pytest.raises(TopicAuthorizationFailedError):
                async with asyncio.timeout(10):
                    await producer.send_and_wait(name, b"{}")
    finally:
        await producer.stop()


async def test_the_operator_reads_dead_letters_and_no_topic(broker: Guarded) -> None:
    await asyncio.gather(*(_send(broker, topic.name) for topic in TOPICS))
    for topic in TOPICS:
        await reading.stored(broker.service(DESK_OPERATOR), topic.dead_letters)
        reader = broker.service(DESK_OPERATOR).consumer(auto_offset_reset="earliest")
        await reader.start()
        try:
            places = [TopicPartition(topic.name, number) for number in range(12)]
            reader.assign(places)
            async with asyncio.timeout(20):
                with pytest.raises(TopicAuthorizationFailedError):
                    await _first(reader, places)
        finally:
            await reader.stop()


async def test_the_operator_joins_no_group_makes_no_topic_and_gives_no_rights(broker: Guarded) -> None:
    operator = broker.service(DESK_OPERATOR)
    for group in ("router", DESK_OPERATOR):
        reader = operator.consumer("cases-dlq", group_id=group)
        try:
            with pytest.raises(GroupAuthorizationFailedError):
                await reader.start()
        finally:
            await reader.stop()
    admin = operator.admin()
    await admin.start()
    try:
        made = await admin.create_topics([NewTopic("mine", 1, 1)])
    finally:
        await admin.close()
    assert [error[1] for error in made.topic_errors] == [NOT_AUTHORISED]
    async with access(operator) as kafka:
        with pytest.raises(PermanentError, match="refused"):
            await kafka.allow(DESK_OPERATOR, [Grant(TOPIC, "cases-dlq", WRITE)])


async def test_the_router_itself_reads_no_dead_letter_and_sends_none_again(broker: Guarded, mongo: Mongo) -> None:
    await buried(broker)
    office = LetterOffice(broker.service("router"), letter_ledger(mongo, SystemClock()))
    try:
        with pytest.raises(Unavailable, match="refuses"):
            await office.letters("hotline-submissions")
    finally:
        await office.close()
    [letter, *_] = await LetterOffice(broker.service(DESK_OPERATOR), letter_ledger(mongo, SystemClock())).letters(
        "hotline-submissions"
    )
    with pytest.raises(Unavailable):
        await LetterOffice(broker.service("router"), letter_ledger(mongo, SystemClock())).send_again(letter, by="x")


@pytest.fixture
async def desk(broker: Guarded, infrastructure: Infrastructure, mongo: Mongo) -> AsyncIterator[Any]:
    """A router on the guarded broker, with or without the operator's password."""
    made: list[httpx2.AsyncClient] = []

    async def open_desk(password: str | None) -> httpx2.AsyncClient:
        settings = Settings(
            kafka_bootstrap_servers=broker.bootstrap,
            kafka_username="router",
            kafka_password=broker.passwords[password_variable("router")],
            desk_operator_kafka_password=password,
            mongodb_uri=infrastructure.mongo_uri,
            mongodb_database_prefix=mongo.database("").name,
            minsheng_state=broker.state,
            district_pack=PACK,
            desk_demo_accounts="on",
            desk_session_key="k" * 44,
        )
        app = bootstrap(settings)
        client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app), base_url="http://desk.test", headers={"accept": "text/html"}
        )
        made.append(client)
        await client.post("/login", data={"account": "clerk", "password": "linghe-clerk"})
        return client

    yield open_desk
    for client in made:
        await client.aclose()


async def test_on_a_guarded_broker_a_clerk_mends_a_letter_by_the_operators_login(broker: Guarded, desk: Any) -> None:
    await buried(broker)
    clerk = await desk(broker.passwords[password_variable(DESK_OPERATOR)])
    page = (await clerk.get("/letters")).text
    place = page.split('href="/letters/hotline-submissions/0/')[1].split('"')[0]
    url = f"/letters/hotline-submissions/0/{place}"
    page = (await clerk.get(url)).text
    assert SECRET not in page
    failed_at = page.split('name="failed_at" value="')[1].split('"')[0]
    mended = work_order(received_at="2026-11-24T09:00:00+08:00").decode()
    assert SECRET in (await clerk.post(url + "/show", data={"failed_at": failed_at})).text
    answer = await clerk.post(url + "/repair", data={"failed_at": failed_at, "value": mended})
    assert answer.status_code == 303, answer.text
    assert (await clerk.post(url + "/replay", data={"failed_at": failed_at})).status_code == 409
    sent = await reading.stored(broker.admin(), "hotline-submissions")
    assert [record.key for record in sent if record.value == mended.encode()] == [b"any"]


async def test_without_the_operators_password_the_page_is_closed_and_says_why(desk: Any) -> None:
    clerk = await desk(None)
    assert "DESK_OPERATOR_KAFKA_PASSWORD" in (await clerk.get("/letters")).text
    assert (await clerk.get("/letters/cases/0/0")).status_code == 404


async def test_provisioning_gives_the_operator_exactly_its_grants(broker: Guarded) -> None:
    async with access(broker.admin()) as kafka:
        assert await kafka.grants(DESK_OPERATOR) == principals.grants_of(DESK_OPERATOR)


async def _first(reader: AIOKafkaConsumer, places: list[TopicPartition]) -> None:
    await reader.seek_to_beginning(*places)
    await reader.getone()


async def _send(broker: Guarded, topic: str) -> None:
    producer = broker.admin().producer()
    await producer.start()
    try:
        await producer.send_and_wait(topic, b"{}", key=b"k")
    finally:
        await producer.stop()
