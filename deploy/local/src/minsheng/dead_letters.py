"""Dead letters: look at them, mend them, send them again with the same event id, or let them rest. All audited."""

import asyncio
import getpass
import json
from collections.abc import Callable, Iterable
from typing import Any

from aiokafka import ConsumerRecord

from minsheng import records
from minsheng.addresses import connection
from minsheng.client import Refused
from minsheng.places import Places
from shared.clock import SystemClock
from shared.contracts.model import rfc3339
from shared.contracts.topics import BY_NAME
from shared.messaging.dead_letters import PROVENANCE


def summary(record: ConsumerRecord) -> dict[str, Any]:
    """Provenance of one dead letter, without its contents."""
    headers = records.header_texts(record)
    return {
        "topic": headers.get("original-topic"),
        "partition": record.partition,
        "offset": record.offset,
        "original_partition": headers.get("original-partition"),
        "original_offset": headers.get("original-offset"),
        "type": headers.get("ce_type"),
        "id": headers.get("ce_id"),
        "error_type": headers.get("error-type"),
        "error": headers.get("error"),
        "attempts": headers.get("attempts"),
        "failed_at": headers.get("failed-at"),
        "size_bytes": len(record.value or b""),
    }


def _identity(letter: dict[str, Any]) -> tuple[Any, ...]:
    # With the time of failure: a broker whose log was lost gives out the same offsets again.
    return letter["topic"], letter["partition"], letter["offset"], letter["failed_at"]


def _handled(places: Places) -> dict[tuple[Any, ...], str]:
    path = places.state / "audit.jsonl"
    if not path.exists():
        return {}
    entries = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return {tuple(entry["letter"]): entry["action"] for entry in entries if "letter" in entry}


def audit(places: Places, action: str, letter: dict[str, Any], **more: Any) -> None:
    """Add a line to the audit: who did what to which letter; no contents."""
    note(places, {"action": action, "letter": list(_identity(letter)), "event_id": letter["id"], **more})


def note(places: Places, what: dict[str, Any]) -> None:
    """Add a line to `audit.jsonl`: when, by whom, what."""
    entry = {"at": rfc3339(SystemClock().now()), "by": getpass.getuser(), **what}
    places.state.mkdir(parents=True, exist_ok=True)
    with (places.state / "audit.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry, ensure_ascii=False) + "\n")


async def letters(places: Places, bootstrap: str, topic: str) -> list[tuple[ConsumerRecord, dict[str, Any]]]:
    """All dead letters of a topic with their summaries; `state` is open, replayed, repaired or dropped."""
    if topic not in BY_NAME:
        raise Refused(f"no such topic: {topic} (there are {', '.join(BY_NAME)})")
    handled = _handled(places)
    found = []
    for record in await records.stored(bootstrap, BY_NAME[topic].dead_letters):
        about = summary(record)
        about["topic"] = about["topic"] or topic
        found.append((record, about | {"state": handled.get(_identity(about), "open")}))
    return found


async def count_open(places: Places, bootstrap: str, topic: str) -> int:
    """How many dead letters of the topic wait for somebody."""
    handled = {identity for identity in _handled(places) if identity[0] == topic}
    name = BY_NAME[topic].dead_letters
    wanted = (await records.partitions(bootstrap, [name])).get(name, [])
    async with records.consumer(bootstrap) as reader:
        starts = await reader.beginning_offsets(wanted)
        ends = await reader.end_offsets(wanted)
    if not handled:
        return int(sum(ends[place] - starts[place] for place in wanted))
    return sum(about["state"] == "open" for _, about in await letters(places, bootstrap, topic))


def choose(
    found: Iterable[tuple[ConsumerRecord, dict[str, Any]]], offsets: list[int], everything: bool
) -> list[tuple[ConsumerRecord, dict[str, Any]]]:
    """The open letters asked for; raises `Refused` for an offset that is none, or already handled."""
    by_offset = {about["offset"]: (record, about) for record, about in found}
    if everything:
        return [pair for pair in by_offset.values() if pair[1]["state"] == "open"]
    missing = [offset for offset in offsets if offset not in by_offset]
    if missing:
        raise Refused(f"no dead letter at offset {', '.join(map(str, missing))}")
    done = [
        f"{offset} ({by_offset[offset][1]['state']})" for offset in offsets if by_offset[offset][1]["state"] != "open"
    ]
    if done:
        raise Refused(f"handled already: {', '.join(done)}")
    return [by_offset[offset] for offset in offsets]


async def send_again(
    places: Places,
    bootstrap: str,
    chosen: list[tuple[ConsumerRecord, dict[str, Any]]],
    *,
    per_second: float,
    said: Callable[[dict[str, Any]], None],
    value: bytes | None = None,
) -> None:
    """Publish to the original topic: key, headers and (unless mended) bytes as they came, at most so many a second."""
    producer = connection(bootstrap).producer()
    await producer.start()
    try:
        for record, about in chosen:
            headers = [(name, content) for name, content in record.headers if name not in PROVENANCE]
            body = record.value if value is None else value
            await producer.send_and_wait(about["topic"], body, key=record.key, headers=headers)
            audit(places, "replayed" if value is None else "repaired", about)
            said(about)
            await asyncio.sleep(1 / per_second)
    finally:
        await producer.stop()


def merged(record: ConsumerRecord, patch: dict[str, Any]) -> bytes:
    """The letter's JSON with an RFC 7396 merge patch applied; the event's id stays what it is."""
    try:
        body = json.loads(record.value or b"")
    except ValueError as error:
        raise Refused("this letter is no JSON: give the whole value with --value") from error

    def merge(target: Any, change: Any) -> Any:
        if not isinstance(change, dict):
            return change
        result = dict(target) if isinstance(target, dict) else {}
        for name, part in change.items():
            if part is None:
                result.pop(name, None)
            else:
                result[name] = merge(result.get(name), part)
        return result

    mended = merge(body, patch)
    if isinstance(body, dict) and "specversion" in body and mended.get("id") != body.get("id"):
        raise Refused("a repair keeps the event's id")
    return json.dumps(mended, ensure_ascii=False).encode()
