"""A hotline's principal writes its topic and nothing else; each service does what the registry says and no more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import NewTopic
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    TopicAuthorizationFailedError,
)

from shared.contracts.topics import TOPICS
from shared.errors import Unavailable
from shared.messaging.access import TOPIC, WRITE, Grant, access
from shared.messaging.connection import KafkaConnection
from shared.messaging.provisioning import verify
from shared.operations import principals
from tests.support.guarded import Guarded

pytestmark = pytest.mark.connected

OURS = "hotline-submissions"
NOT_AUTHORISED = 29
NAMES = [name for topic in TOPICS for name in (topic.name, topic.dead_letters)]


@pytest.fixture
async def hotline(broker: Guarded) -> AsyncIterator[KafkaConnection]:
    await principals.admit_hotline(broker.admin(), "a", "a-password")
    yield broker.login("hotline-a", "a-password")
    await principals.dismiss_hotline(broker.admin(), "a")


async def send(connection: KafkaConnection, topic: str, *, idempotent: bool = True) -> None:
    producer = connection.producer()
    if not idempotent:
        from aiokafka import AIOKafkaProducer

        producer = AIOKafkaProducer(**connection.client_options(), acks="all")
    await producer.start()
    try:
        async with asyncio.timeout(10):
            await producer.send_and_wait(topic, b"{}", key=b"k")
    finally:
        await producer.stop()


@pytest.mark.parametrize("idempotent", [False, True])
async def test_a_hotline_writes_its_topic(hotline: KafkaConnection, idempotent: bool) -> None:
    await send(hotline, OURS, idempotent=idempotent)


@pytest.mark.parametrize("topic", [*(name for name in NAMES if name != OURS), "there-is-none", "__consumer_offsets"])
async def test_a_hotline_writes_no_other_topic_whether_it_exists_or_not(hotline: KafkaConnection, topic: str) -> None:
    with pytest.raises(TopicAuthorizationFailedError):
        await send(hotline, topic)


async def test_a_hotline_can_not_read_even_what_it_wrote(hotline: KafkaConnection) -> None:
    await send(hotline, OURS)
    reader = hotline.consumer(OURS, auto_offset_reset="earliest")
    await reader.start()  # WRITE implies DESCRIBE, so this passes
    try:
        async with asyncio.timeout(10):
            with pytest.raises(TopicAuthorizationFailedError):
                await reader.getone()
    finally:
        await reader.stop()


@pytest.mark.parametrize("group", ["intake-web", "hotline-a", "any"])
async def test_a_hotline_joins_no_group(hotline: KafkaConnection, group: str) -> None:
    reader = hotline.consumer(OURS, group_id=group)
    try:
        with pytest.raises(GroupAuthorizationFailedError):
            await reader.start()
    finally:
        await reader.stop()


async def test_a_hotline_neither_creates_nor_deletes_topics(hotline: KafkaConnection, broker: Guarded) -> None:
    admin = hotline.admin()
    await admin.start()
    try:
        made = await admin.create_topics([NewTopic("mine", 1, 1)])
        gone = await admin.delete_topics([OURS])
    finally:
        await admin.close()
    assert [error[1] for error in made.topic_errors] == [NOT_AUTHORISED]
    assert [error[1] for error in gone.topic_error_codes] == [NOT_AUTHORISED]
    await verify(broker.admin())


async def test_a_hotline_sees_its_own_topic_only_and_no_groups(hotline: KafkaConnection) -> None:
    admin = hotline.admin()
    await admin.start()
    try:
        assert await admin.list_topics() == [OURS]
        assert await admin.list_consumer_groups() == []
    finally:
        await admin.close()


async def test_a_hotline_gives_nobody_rights(hotline: KafkaConnection) -> None:
    async with access(hotline) as kafka:
        for attempt in (
            kafka.allow("hotline-a", [Grant(TOPIC, "suggestions", WRITE)]),
            kafka.set_passwords({"admin": "mine"}),
            kafka.remove_users(["router"]),
        ):
            with pytest.raises(Exception, match=r"refused|could not be changed"):
                await attempt


@pytest.mark.parametrize(
    ("user", "password"), [("hotline-a", "wrong"), ("hotline-b", "a-password"), ("admin", ""), (None, None)]
)
async def test_a_wrong_password_an_unknown_user_and_no_login_get_no_further(
    broker: Guarded, hotline: KafkaConnection, user: str | None, password: str | None
) -> None:
    producer = broker.login(user, password).producer()
    try:
        with pytest.raises(KafkaConnectionError):
            await producer.start()
    finally:
        await producer.stop()
    with pytest.raises(Unavailable):
        async with access(broker.login(user, password)):
            pass


async def test_a_user_without_any_grant_can_log_in_and_do_nothing(broker: Guarded) -> None:
    async with access(broker.admin()) as kafka:
        await kafka.set_passwords({"nobody": "nobody-password"})
    nobody = broker.login("nobody", "nobody-password")
    with pytest.raises(TopicAuthorizationFailedError):
        await send(nobody, OURS, idempotent=False)
    producer = nobody.producer()
    try:
        with pytest.raises(ClusterAuthorizationFailedError):
            await producer.start()
    finally:
        await producer.stop()


async def test_a_revoked_hotline_is_refused_on_a_connection_that_is_still_open(broker: Guarded) -> None:
    await principals.admit_hotline(broker.admin(), "gone", "gone-password")
    producer = broker.login("hotline-gone", "gone-password").producer()
    await producer.start()
    try:
        await producer.send_and_wait(OURS, b"{}")
        await principals.dismiss_hotline(broker.admin(), "gone")
        with pytest.raises(TopicAuthorizationFailedError):
            async with asyncio.timeout(10):
                await producer.send_and_wait(OURS, b"{}")
    finally:
        await producer.stop()
    with pytest.raises(KafkaConnectionError):
        await send(broker.login("hotline-gone", "gone-password"), OURS)


async def test_a_new_password_replaces_the_old_one(broker: Guarded, hotline: KafkaConnection) -> None:
    await principals.admit_hotline(broker.admin(), "a", "new-password")
    await send(broker.login("hotline-a", "new-password"), OURS)
    with pytest.raises(KafkaConnectionError):
        await send(hotline, OURS)


@pytest.mark.parametrize("service", principals.SERVICES)
async def test_a_service_writes_what_the_registry_says_and_nothing_else(broker: Guarded, service: str) -> None:
    may = {topic.name for topic in TOPICS if service in topic.producers}
    may |= {topic.dead_letters for topic in TOPICS if service in topic.consumers}
    producer = broker.service(service).producer()
    await producer.start()
    written = set()
    try:
        for name in NAMES:
            try:
                async with asyncio.timeout(10):
                    await producer.send_and_wait(name, b"{}", key=b"k")
                written.add(name)
            except TopicAuthorizationFailedError:
                pass
    finally:
        await producer.stop()
    assert written == may


@pytest.mark.parametrize("service", principals.SERVICES)
async def test_a_service_reads_what_the_registry_says_and_nothing_else(broker: Guarded, service: str) -> None:
    await asyncio.gather(*(send(broker.admin(), topic.name) for topic in TOPICS))
    read = set()
    for topic in TOPICS:
        reader = broker.service(service).consumer(auto_offset_reset="earliest")
        await reader.start()
        try:
            places = [TopicPartition(topic.name, number) for number in range(12)]
            reader.assign(places)
            await reader.seek_to_beginning(*places)
            async with asyncio.timeout(10):
                await reader.getone()
            read.add(topic.name)
        except TopicAuthorizationFailedError:
            pass
        finally:
            await reader.stop()
    assert read == {topic.name for topic in TOPICS if service in topic.consumers}


@pytest.mark.parametrize("service", principals.SERVICES)
async def test_a_service_joins_its_own_group_only_and_can_verify_all_topics(broker: Guarded, service: str) -> None:
    connection = broker.service(service)
    await verify(connection)
    consumed = [topic.name for topic in TOPICS if service in topic.consumers]
    own = connection.consumer(*consumed, group_id=service)
    await own.start()
    await own.stop()
    other = connection.consumer(*consumed, group_id="another")
    try:
        with pytest.raises(GroupAuthorizationFailedError):
            await other.start()
    finally:
        await other.stop()


async def test_provisioning_again_takes_away_what_a_service_outgrew_and_keeps_the_rest(broker: Guarded) -> None:
    outgrown = Grant(TOPIC, "suggestions", WRITE)
    async with access(broker.admin()) as kafka:
        await kafka.allow("router", [outgrown])
        assert outgrown in await kafka.grants("router")
    passwords = {name: broker.passwords[principals.password_variable(name)] for name in principals.PRINCIPALS}
    await principals.provision(broker.admin(), passwords)
    async with access(broker.admin()) as kafka:
        for service in principals.SERVICES:
            assert await kafka.grants(service) == principals.grants_of(service)
