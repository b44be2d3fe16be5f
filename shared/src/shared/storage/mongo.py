"""The Mongo client, and what its errors mean to us. Motor is seen nowhere else, so that it can be replaced here.

We stay within a subset that MongoDB and the embedded development server serve alike: `insert_one`, conditional
`update_one` with `_id` or one unique key first, index ranges; no transactions, no `$or`, no findAndModify on
large collections.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection, AsyncIOMotorDatabase
from pymongo.errors import (
    AutoReconnect,
    ConnectionFailure,
    DuplicateKeyError,
    ExecutionTimeout,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WriteConcernError,
)

from shared.errors import MinshengError, OutcomeUnknown, Unavailable

Document = dict[str, Any]
Collection = AsyncIOMotorCollection[Document]
DuplicateKey = DuplicateKeyError

TIMEOUT_MS = 10_000
"""Bound of every operation in the background: on a busy server a short one only repeats work that was done."""
RESIDENT_TIMEOUT_MS = 1_500
"""Where a resident waits: intake must say 503 within two seconds when the database is frozen."""


class Mongo:
    """One client per process; every write is acknowledged by a majority and journalled."""

    def __init__(self, uri: str, *, timeout_ms: int = TIMEOUT_MS, prefix: str = "") -> None:
        self._prefix = prefix
        self._client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(
            uri,
            w="majority",
            journal=True,
            tz_aware=True,
            timeoutMS=timeout_ms,
            serverSelectionTimeoutMS=timeout_ms,
            connectTimeoutMS=timeout_ms,
            uuidRepresentation="standard",
        )

    def database(self, name: str) -> AsyncIOMotorDatabase[Document]:
        """A service's own database (with the prefix of this deployment, where several share a server)."""
        return self._client[self._prefix + name]

    async def check(self) -> str | None:
        """Readiness: the server answers."""
        try:
            await self._client.admin.command("ping")
        except PyMongoError as error:
            return type(error).__name__
        return None

    def close(self) -> None:
        """Give back the connections."""
        self._client.close()


@contextmanager
def translated() -> Iterator[None]:
    """Driver errors in our taxonomy. A time-out of a write means "unknown": send it again with the same identity.

    Duplicate keys pass as they are: for idempotent writes they are success, and only the caller knows.
    """
    try:
        yield
    except (DuplicateKeyError, MinshengError):
        raise
    except ServerSelectionTimeoutError as error:
        raise Unavailable(f"database: {type(error).__name__}") from error
    except (NetworkTimeout, ExecutionTimeout, WriteConcernError) as error:
        raise OutcomeUnknown(f"database: {type(error).__name__}") from error
    except (AutoReconnect, ConnectionFailure) as error:
        raise OutcomeUnknown(f"database: {type(error).__name__}") from error
    except OperationFailure as error:
        if error.timeout:
            raise OutcomeUnknown("database: timeout") from error
        raise
