"""The office where dead letters are mended, for the commands; and the log of what operators did on this machine."""

import getpass
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from minsheng.addresses import connection, find
from minsheng.places import Places
from shared.clock import SystemClock
from shared.contracts.letters import Letter
from shared.contracts.model import rfc3339
from shared.operations.dead_letters import LetterOffice
from shared.storage.letters import letter_ledger
from shared.storage.mongo import Mongo

PATIENCE_MS = 5_000


def operator() -> str:
    """Who acts, as the audit names it."""
    return f"cli:{getpass.getuser()}"


@asynccontextmanager
async def letter_office(places: Places, *, patience_ms: int = PATIENCE_MS) -> AsyncIterator[LetterOffice]:
    """The one of this system: its broker, and its database for what was done to letters."""
    found = find(places)
    mongo = Mongo(found.mongo, timeout_ms=patience_ms, prefix=os.environ.get("MONGODB_DATABASE_PREFIX", ""))
    office = LetterOffice(connection(found.kafka), letter_ledger(mongo, SystemClock()))
    try:
        yield office
    finally:
        await office.close()
        mongo.close()


def log_act(places: Places, action: str, letter: Letter, **more: Any) -> None:
    """Add what was done to a letter to this machine's log too; no contents."""
    note(places, {"action": action, "letter": letter.identity, "event_id": letter.id, **more})


def note(places: Places, what: dict[str, Any]) -> None:
    """Add a line to `audit.jsonl`: when, by whom, what."""
    entry = {"at": rfc3339(SystemClock().now()), "by": getpass.getuser(), **what}
    places.state.mkdir(parents=True, exist_ok=True)
    with (places.state / "audit.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry, ensure_ascii=False) + "\n")
