"""A store with a past: copies of real documents, as if they had come over the last year and were done with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import MongoClient
from ulid import ULID

from tests.bench.stage import Stage, say

AT_ONCE = 1_000
WAITS = ("outbox_next_at", "follow_key", "queue_key", "clock_at", "idempotency", "outbox_claim")
Document = dict[str, Any]


def fill(stage: Stage, total: int) -> None:
    """Bring `suggestions`, their facts and `cases` to `total` documents each."""
    with MongoClient[Document](stage.mongo_uri) as client:
        web, cases = client["intake_web"], client["router"]["cases"]
        case = _settled(cases.find_one({}) or {})
        suggestion = _settled(web["suggestions"].find_one({}) or {})
        fact = web["facts"].find_one({}) or {}
        begun, now = cases.estimated_document_count(), datetime.now(UTC)
        step = timedelta(days=365) / max(1, total)
        for start in range(begun, total, AT_ONCE):
            count = min(AT_ONCE, total - start)
            ids = [str(ULID.from_datetime(now - timedelta(hours=1) - step * (start + n))) for n in range(count)]
            numbered = [(identity, start + n) for n, identity in enumerate(ids)]
            cases.insert_many([{**case, "_id": one, "number": f"OLD-{n:07}"} for one, n in numbered], ordered=False)
            web["suggestions"].insert_many(
                [{**suggestion, "_id": one, "code_hash": f"{n:064}"} for one, n in numbered], ordered=False
            )
            web["facts"].insert_many(
                [
                    {**fact, "_id": f"{one}:{kind}", "code_hash": f"{n:064}"}
                    for one, n in numbered
                    for kind in ("submitted", "assigned")
                ],
                ordered=False,
            )
            if start % 20_000 < AT_ONCE:
                say(f"{start + count} of {total} suggestions stored")


def _settled(document: Document) -> Document:
    return {name: value for name, value in document.items() if name not in WAITS}
