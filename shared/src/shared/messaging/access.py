"""Users and grants of a guarded broker, over Kafka's own protocol: no Java, no password in any process list."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.protocol.admin import DeleteAclsRequest, DescribeAclsRequest
from aiokafka.protocol.api import Request

from shared.errors import PermanentError, Unavailable
from shared.messaging.access_protocol import AlterUsers, CreateGrants
from shared.messaging.connection import KafkaConnection

SCRAM_SHA_512 = 2
ITERATIONS = 4096
"""Kafka's minimum is enough: our passwords are random, so no dictionary helps against them."""
SALT_BYTES = 24
NO_SUCH_USER = 91

TOPIC, GROUP = 2, 3
READ, WRITE, DESCRIBE = 3, 4, 8
_ANY, _LITERAL, _ALLOW = 1, 3, 3


@dataclass(frozen=True, order=True)
class Grant:
    """One allowed operation on one topic or group; `resource` and `operation` are Kafka's numbers."""

    resource: int
    name: str
    operation: int


class Access:
    """Makes and removes users and their grants; needs a super user's connection."""

    def __init__(self, admin: AIOKafkaAdminClient) -> None:
        self._admin = admin

    async def set_passwords(self, passwords: Mapping[str, str]) -> None:
        """Create these users or change their passwords; open connections stay as they are."""
        upsertions: list[tuple[Any, ...]] = []
        for name, password in passwords.items():
            salt = os.urandom(SALT_BYTES)
            salted = hashlib.pbkdf2_hmac("sha512", password.encode("ascii"), salt, ITERATIONS)
            upsertions.append((name, SCRAM_SHA_512, ITERATIONS, salt, salted, {}))
        _refuse_errors((await self._ask(AlterUsers([], upsertions))).results, allowed=())

    async def remove_users(self, names: Collection[str]) -> None:
        """Remove these users; one that is not there is no error."""
        deletions: list[tuple[Any, ...]] = [(name, SCRAM_SHA_512, {}) for name in names]
        _refuse_errors((await self._ask(AlterUsers(deletions, []))).results, allowed=(NO_SUCH_USER,))

    async def grants(self, user: str) -> set[Grant]:
        """What the user may do now, by literal grants for any host."""
        answer = await self._ask(DescribeAclsRequest(_ANY, None, _ANY, f"User:{user}", None, _ANY, _ANY))
        if answer.error_code:
            raise PermanentError(f"grants of {user}: Kafka error {answer.error_code}", code="access")
        return {
            Grant(resource, name, operation)
            for resource, name, pattern, entries in answer.resources
            for _, _, operation, permission in entries
            if pattern == _LITERAL and permission == _ALLOW
        }

    async def allow(self, user: str, grants: Collection[Grant]) -> None:
        """Give the user these grants."""
        if not grants:
            return
        wanted = [
            (grant.resource, grant.name, _LITERAL, f"User:{user}", "*", grant.operation, _ALLOW)
            for grant in sorted(grants)
        ]
        answer = await self._ask(CreateGrants(wanted))
        refused = [code for code, _ in answer.creation_responses if code]
        if refused:
            raise PermanentError(f"grants for {user} were refused: Kafka errors {refused}", code="access")

    async def forbid(self, user: str, grants: Collection[Grant]) -> None:
        """Take these grants away; they count no longer for open connections either."""
        for grant in sorted(grants):
            await self._delete(user, grant.resource, grant.name, grant.operation)

    async def forbid_all(self, user: str) -> None:
        """Take every grant away."""
        await self._delete(user, _ANY, None, _ANY)

    async def _delete(self, user: str, resource: int, name: str | None, operation: int) -> None:
        pattern = _ANY if name is None else _LITERAL
        answer = await self._ask(DeleteAclsRequest(resource, name, pattern, f"User:{user}", None, operation, _ANY))
        refused = [found[0] for found in answer.filter_responses if found[0]]
        if refused:
            raise PermanentError(f"grants of {user} could not be removed: Kafka errors {refused}", code="access")

    async def _ask(self, request: Request[Any]) -> Any:
        return await self._admin._send_to_controller(request)  # the library has no public door for other requests


def _refuse_errors(results: Sequence[tuple[Any, ...]], *, allowed: Collection[int]) -> None:
    refused = [(user, code, message) for user, code, message, _ in results if code and code not in allowed]
    if refused:
        raise PermanentError(f"users could not be changed (name, Kafka error, message): {refused}", code="access")


@asynccontextmanager
async def access(connection: KafkaConnection) -> AsyncIterator[Access]:
    """An `Access` for the time of a block.

    Raises:
        Unavailable: the broker is away, or did not accept the login (Kafka's client can't tell the two apart).
    """
    admin = connection.admin()
    try:
        await admin.start()
        yield Access(admin)
    except (KafkaError, OSError) as error:
        raise Unavailable(f"the broker does not answer, or refuses this login ({type(error).__name__})") from error
    finally:
        await admin.close()
