"""Who may do what on a guarded broker: the least grants of each service, derived from the topic registry.

Run as `python -m shared.operations.principals` with an administrator's `KAFKA_USERNAME` and `KAFKA_PASSWORD`, and
one `<PRINCIPAL>_KAFKA_PASSWORD` each: makes the users, adds the grants they lack, takes away those they outgrew.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from dataclasses import replace

from shared.contracts.topics import HOTLINE_SUBMISSIONS, TOPICS
from shared.errors import MinshengError, PermanentError, Unavailable
from shared.messaging.access import DESCRIBE, GROUP, READ, TOPIC, WRITE, Grant, access
from shared.messaging.connection import KafkaConnection

ADMIN = "admin"
HOTLINE_PREFIX = "hotline-"
KNOWN_TRIES, KNOWN_PAUSE_S = 50, 0.1
SERVICES: tuple[str, ...] = tuple(
    sorted({name for topic in TOPICS for name in (*topic.producers, *topic.consumers)} - {"hotline"})
)
"""Services that speak to Kafka; each is a principal of its own, and its consumer group has its name."""
DESK_OPERATOR = "desk-operator"
"""The desk's page of dead letters, and nobody else: the router's own user may neither read nor resend them."""
PRINCIPALS: tuple[str, ...] = (*SERVICES, DESK_OPERATOR)
"""Every user that provisioning makes."""


def password_variable(principal: str) -> str:
    """Environment variable with a principal's password, for example `INTAKE_WEB_KAFKA_PASSWORD`."""
    return f"{principal.upper().replace('-', '_')}_KAFKA_PASSWORD"


def grants_of(service: str) -> frozenset[Grant]:
    """What a service needs and no more: WRITE where it produces, READ where it consumes and WRITE to the dead letters
    there, READ of its own group; DESCRIBE of all topics, since start-up verifies that they are as provisioned.
    The desk's operator reads dead letters and writes to where they came from; it joins no group."""
    if service == DESK_OPERATOR:
        return frozenset(
            grant
            for topic in TOPICS
            for grant in (Grant(TOPIC, topic.dead_letters, READ), Grant(TOPIC, topic.name, WRITE))
        )
    if service not in SERVICES:
        raise ValueError(f"no such service: {service}")
    grants = {Grant(GROUP, service, READ)}
    for topic in TOPICS:
        grants |= {Grant(TOPIC, topic.name, DESCRIBE), Grant(TOPIC, topic.dead_letters, DESCRIBE)}
        if service in topic.producers:
            grants.add(Grant(TOPIC, topic.name, WRITE))
        if service in topic.consumers:
            grants |= {Grant(TOPIC, topic.name, READ), Grant(TOPIC, topic.dead_letters, WRITE)}
    return frozenset(grants)


HOTLINE_GRANTS = frozenset({Grant(TOPIC, HOTLINE_SUBMISSIONS.name, WRITE)})


def hotline_user(name: str) -> str:
    """Kafka user of a hotline."""
    return HOTLINE_PREFIX + name


async def provision(connection: KafkaConnection, passwords: Mapping[str, str]) -> None:
    """Make each principal a user with this password and exactly its grants; running it again changes nothing else.

    Raises:
        PermanentError: a principal has no password, or the broker refused a user or a grant.
        Unavailable: the broker is away, or refuses the administrator's login.
    """
    missing = [service for service in PRINCIPALS if not passwords.get(service)]
    if missing:
        raise PermanentError(f"no password for {', '.join(missing)}", code="no-password")
    async with access(connection) as kafka:
        await kafka.set_passwords({service: passwords[service] for service in PRINCIPALS})
        for service in PRINCIPALS:
            wanted, present = grants_of(service), await kafka.grants(service)
            await kafka.allow(service, wanted - present)
            await kafka.forbid(service, present - wanted)
    for service in PRINCIPALS:
        await _until_known(connection, service, passwords[service])


async def admit_hotline(connection: KafkaConnection, name: str, password: str) -> None:
    """Let a hotline write its topic, and nothing else; for one already there this changes the password."""
    user = hotline_user(name)
    async with access(connection) as kafka:
        await kafka.set_passwords({user: password})
        present = await kafka.grants(user)
        await kafka.allow(user, HOTLINE_GRANTS - present)
        await kafka.forbid(user, present - HOTLINE_GRANTS)
    await _until_known(connection, user, password)


async def _until_known(connection: KafkaConnection, user: str, password: str) -> None:
    """The controller answers before the broker itself has heard of a new password: wait until it lets the user in."""
    theirs = replace(connection, username=user, password=password)
    for _ in range(KNOWN_TRIES):
        try:
            async with access(theirs):
                return
        except Unavailable:
            await asyncio.sleep(KNOWN_PAUSE_S)
    raise Unavailable(f"the broker does not let {user} in with its new password")


async def dismiss_hotline(connection: KafkaConnection, name: str) -> None:
    """The hotline's grant is gone at once, for open connections too, and its user with it."""
    async with access(connection) as kafka:
        await kafka.forbid_all(hotline_user(name))
        await kafka.remove_users([hotline_user(name)])


def main() -> int:
    """0 when every user is as it should be, or the broker is an open one."""
    from shared.runtime.settings import ProcessSettings

    settings = ProcessSettings()
    if settings.kafka_username is None:
        print("principals: no KAFKA_USERNAME, so an open broker: no users, no grants", file=sys.stderr)
        return 0
    passwords = {service: os.environ.get(password_variable(service), "") for service in PRINCIPALS}
    connection = KafkaConnection(
        bootstrap_servers=settings.kafka_bootstrap_servers,
        client_id="principals",
        username=settings.kafka_username,
        password=settings.kafka_password.get_secret_value() if settings.kafka_password else None,
    )
    try:
        asyncio.run(provision(connection, passwords))
    except (MinshengError, OSError) as error:
        print(f"principals: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
