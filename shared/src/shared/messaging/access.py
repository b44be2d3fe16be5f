"""Users and grants of a guarded broker, over Kafka's own protocol: no Java, no password in any process list.

aiokafka knows the grants' requests but not the users': API 51 (AlterUserScramCredentials) is defined here.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.protocol.admin import CreateAclsRequest_v1, DeleteAclsRequest, DescribeAclsRequest
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    CompactArray,
    CompactBytes,
    CompactString,
    Int8,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

from shared.errors import PermanentError, Unavailable
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


class _AlterUsersAnswer(Response):  # type: ignore[misc]  # aiokafka ships no types
    API_KEY = 51
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "results",
            CompactArray(
                ("user", CompactString("utf-8")),
                ("error_code", Int16),
                ("error_message", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _AlterUsersStruct(RequestStruct):  # type: ignore[misc]  # aiokafka ships no types
    FLEXIBLE_VERSION = True
    API_KEY = 51
    API_VERSION = 0
    RESPONSE_TYPE = _AlterUsersAnswer
    SCHEMA = Schema(
        (
            "deletions",
            CompactArray(("name", CompactString("utf-8")), ("mechanism", Int8), ("tags", TaggedFields)),
        ),
        (
            "upsertions",
            CompactArray(
                ("name", CompactString("utf-8")),
                ("mechanism", Int8),
                ("iterations", Int32),
                ("salt", CompactBytes),
                ("salted_password", CompactBytes),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _AlterUsers(Request[_AlterUsersStruct]):  # type: ignore[misc]  # aiokafka ships no types
    API_KEY = 51

    def __init__(self, deletions: Sequence[tuple[Any, ...]], upsertions: Sequence[tuple[Any, ...]]) -> None:
        self._deletions, self._upsertions = deletions, upsertions

    def build(self, request_struct_class: type[_AlterUsersStruct]) -> _AlterUsersStruct:
        return request_struct_class(list(self._deletions), list(self._upsertions), {})


class _CreateGrants(Request[CreateAclsRequest_v1]):  # type: ignore[misc]  # aiokafka ships no types
    API_KEY = 30

    def __init__(self, creations: Sequence[tuple[Any, ...]]) -> None:
        self._creations = creations

    def build(self, request_struct_class: type[CreateAclsRequest_v1]) -> CreateAclsRequest_v1:
        return request_struct_class(list(self._creations))


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
        _refuse_errors((await self._ask(_AlterUsers([], upsertions))).results, allowed=())

    async def remove_users(self, names: Collection[str]) -> None:
        """Remove these users; one that is not there is no error."""
        deletions: list[tuple[Any, ...]] = [(name, SCRAM_SHA_512, {}) for name in names]
        _refuse_errors((await self._ask(_AlterUsers(deletions, []))).results, allowed=(NO_SUCH_USER,))

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
        answer = await self._ask(_CreateGrants(wanted))
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
