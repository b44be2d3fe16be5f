"""Refill topics from the stores after a broker lost its log: same event ids, so that nothing happens twice.

Run as `python -m shared.operations.republish --since 2026-11-24T08:00:00Z` (the command line calls it as
`minsheng events republish`). Order within a suggestion is kept per store; consumers deduplicate.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections import Counter
from datetime import datetime

from shared.clock import Clock, SystemClock
from shared.contracts.topics import TOPIC_OF
from shared.errors import MinshengError
from shared.messaging.connection import KafkaConnection
from shared.messaging.encoding import Outgoing, to_record
from shared.messaging.publishing import Publisher
from shared.runtime.settings import ProcessSettings
from shared.storage.marks import MarkStore
from shared.storage.mongo import Mongo
from shared.storage.outbox_store import OutboxStore

OUTBOXES = (
    ("intake_web", "suggestions"),
    ("intake_web", "acts"),
    ("intake_media", "recordings"),
    ("router", "cases"),
    ("notifier", "notices"),
)
"""Database and collection of every aggregate that publishes; tests hold the services to this list."""
BATCH = 200


async def republish(
    mongo: Mongo,
    publisher: Publisher,
    clock: Clock,
    *,
    since: datetime,
    topics: frozenset[str] = frozenset(),
    per_second: int = 500,
    dry_run: bool = False,
) -> Counter[str]:
    """Publish again every event at or after `since` (of `topics`, or all) and return how many per topic.

    A full run (no `topics`, no dry run) also clears the noted losses, which turns readiness green again.
    """
    counts: Counter[str] = Counter()
    for database, collection in OUTBOXES:
        store = OutboxStore(mongo.database(database)[collection], clock)
        batch: list[Outgoing] = []
        async for _, entries in store.since(since):
            for entry in entries:
                topic = TOPIC_OF[entry["type"]]
                if topics and topic not in topics:
                    continue
                counts[topic] += 1
                batch.append(to_record(topic, entry))
            if len(batch) >= BATCH:
                await _send(publisher, clock, batch, per_second, dry_run=dry_run)
                print(f"\r{database}: {counts.total()} events", end="", file=sys.stderr, flush=True)
                batch = []
        await _send(publisher, clock, batch, per_second, dry_run=dry_run)
    print(file=sys.stderr)
    if not dry_run and not topics:
        for database, _ in OUTBOXES:
            await MarkStore(mongo.database(database)).heal()
    return counts


async def _send(publisher: Publisher, clock: Clock, batch: list[Outgoing], per_second: int, *, dry_run: bool) -> None:
    if not batch or dry_run:
        return
    await publisher.publish(batch)
    await clock.sleep(len(batch) / per_second)  # the live traffic has the right of way


async def _run(arguments: argparse.Namespace) -> Counter[str]:
    settings = ProcessSettings()
    mongo = Mongo(settings.mongodb_uri.get_secret_value(), timeout_ms=600_000, prefix=settings.mongodb_database_prefix)
    publisher = Publisher(
        KafkaConnection(
            bootstrap_servers=settings.kafka_bootstrap_servers,
            client_id="republish",
            username=settings.kafka_username,
            password=settings.kafka_password.get_secret_value() if settings.kafka_password else None,
        )
    )
    try:
        return await republish(
            mongo,
            publisher,
            SystemClock(),
            since=arguments.since,
            topics=frozenset(arguments.topic or ()),
            per_second=arguments.rate,
            dry_run=arguments.dry_run,
        )
    finally:
        await publisher.stop()
        mongo.close()


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError("needs a zone, for example 2026-11-24T09:00:00+08:00")
    return moment


def _rate(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError("needs a whole number of events per second, at least 1")
    return int(text)


def main() -> int:
    """0 done, 1 a problem named, 2 wrong usage; stdout holds only the counts as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--since", type=_moment, required=True)
    parser.add_argument("--topic", action="append", help="only this topic (may be repeated)")
    parser.add_argument("--rate", type=_rate, default=500, help="events per second")
    parser.add_argument("--dry-run", action="store_true")
    arguments = parser.parse_args()
    try:
        counts = asyncio.run(_run(arguments))
    except MinshengError as error:
        print(f"republish failed: {error}", file=sys.stderr)
        return 1
    print(json.dumps({"dry_run": arguments.dry_run, "events": counts.total(), "topics": dict(counts)}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
