"""Dead letters mended from the command line, at their office; and the log of what operators did on this machine."""

import asyncio
import getpass
import json
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from minsheng.addresses import connection, find
from minsheng.places import Places
from shared.clock import SystemClock
from shared.contracts.letters import Letter
from shared.contracts.model import rfc3339
from shared.operations.dead_letters import LetterOffice, choose
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


async def send_again(
    places: Places,
    topic: str,
    offsets: Sequence[int],
    everything: bool,
    *,
    change: Callable[[Letter], bytes] | None,
    dry_run: bool,
    rate: float,
    say: Callable[[str], None],
) -> list[dict[str, Any]]:
    """Send letters of a topic again, changed by `change` or as they came, at most `rate` a second; their summaries."""
    done: list[dict[str, Any]] = []
    async with letter_office(places) as office:
        for letter in choose(await office.letters(topic), offsets, everything):
            value = change(letter) if change else None
            trial = office.tried(letter, value)
            place, event = f"{letter.topic} offset {letter.offset}", trial.id or "an event without an id"
            if dry_run:
                would = f"reads as {trial.type}" if trial.readable else f"still unreadable: {trial.error}"
                say(f"would send again: {place} as {event} ({letter.error_type}; {would})")
            else:
                await office.send_again(letter, by=operator(), value=value)
                log_act(places, "replayed" if value is None else "repaired", letter)
                say(f"{place} → sent again as {event}")
                await asyncio.sleep(1 / rate)
            done.append(letter.summary())
    return done


async def let_rest(
    places: Places, topic: str, offsets: Sequence[int], *, reason: str, dry_run: bool, say: Callable[[str], None]
) -> None:
    """Note of these letters that nobody will send them again, and why."""
    async with letter_office(places) as office:
        for letter in choose(await office.letters(topic), offsets, False):
            if not dry_run:
                await office.drop(letter, by=operator(), reason=reason)
                log_act(places, "dropped", letter, reason=reason)
            say(f"{'would drop' if dry_run else 'dropped'}: {letter.topic} offset {letter.offset}")


def log_act(places: Places, action: str, letter: Letter, **more: Any) -> None:
    """Add what was done to a letter to this machine's log too; no contents."""
    note(places, {"action": action, "letter": letter.identity, "event_id": letter.id, **more})


def note(places: Places, what: dict[str, Any]) -> None:
    """Add a line to `audit.jsonl`: when, by whom, what."""
    entry = {"at": rfc3339(SystemClock().now()), "by": getpass.getuser(), **what}
    places.state.mkdir(parents=True, exist_ok=True)
    with (places.state / "audit.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry, ensure_ascii=False) + "\n")
