"""Grants follow from the topic registry alone."""

from __future__ import annotations

import pytest

from shared.contracts.topics import TOPICS
from shared.errors import PermanentError
from shared.messaging.access import DESCRIBE, GROUP, READ, TOPIC, WRITE, Grant
from shared.messaging.connection import KafkaConnection
from shared.operations import principals


def test_the_services_are_those_of_the_registry() -> None:
    assert principals.SERVICES == ("intake-media", "intake-web", "notifier", "router")


def test_no_service_may_write_what_a_hotline_writes_nor_read_dead_letters() -> None:
    for service in principals.SERVICES:
        grants = principals.grants_of(service)
        assert Grant(TOPIC, "hotline-submissions", WRITE) not in grants
        assert not [grant for grant in grants if grant.name.endswith("-dlq") and grant.operation == READ]


def test_contact_data_can_be_read_by_one_service_only() -> None:
    reading = Grant(TOPIC, "hotline-submissions", READ)
    assert [service for service in principals.SERVICES if reading in principals.grants_of(service)] == ["intake-web"]


@pytest.mark.parametrize("service", principals.SERVICES)
def test_a_service_has_its_own_group_and_nothing_beyond_reading_writing_and_describing(service: str) -> None:
    grants = principals.grants_of(service)
    assert {grant for grant in grants if grant.resource == GROUP} == {Grant(GROUP, service, READ)}
    assert {grant.operation for grant in grants} <= {READ, WRITE, DESCRIBE}
    known = {name for topic in TOPICS for name in (topic.name, topic.dead_letters)}
    assert {grant.name for grant in grants if grant.resource == TOPIC} == known


def test_the_desks_operator_reads_dead_letters_writes_topics_and_joins_no_group() -> None:
    grants = principals.grants_of(principals.DESK_OPERATOR)
    assert {grant.name for grant in grants if grant.operation == READ} == {topic.dead_letters for topic in TOPICS}
    assert {grant.name for grant in grants if grant.operation == WRITE} == {topic.name for topic in TOPICS}
    assert {(grant.resource, grant.operation) for grant in grants} == {(TOPIC, READ), (TOPIC, WRITE)}


def test_a_hotline_has_one_grant() -> None:
    assert {Grant(TOPIC, "hotline-submissions", WRITE)} == principals.HOTLINE_GRANTS


async def test_a_service_without_a_password_is_named_before_the_broker_is_asked() -> None:
    nowhere = KafkaConnection(bootstrap_servers="127.0.0.1:1", client_id="tests", username="admin", password="x")
    with pytest.raises(PermanentError, match="no password for notifier, router, desk-operator"):
        await principals.provision(nowhere, {"intake-web": "a", "intake-media": "b", "router": ""})


def test_each_service_s_variable_is_its_name() -> None:
    assert principals.password_variable("intake-web") == "INTAKE_WEB_KAFKA_PASSWORD"
