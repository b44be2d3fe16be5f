"""`python -m router.examples`: people's choices at the desk as examples of a pack (YAML), for `pack train`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import datetime

import yaml

from router.adapters.case_store import MongoCases
from router.adapters.connections import DATABASE
from router.settings import Settings
from shared.clock import SystemClock
from shared.errors import MinshengError
from shared.storage.mongo import Mongo

BATCH = 200


def main(arguments: list[str] | None = None) -> int:
    """Print the examples, newest first; 0 done, 1 a problem named. The text of a resident: mind where it goes."""
    argparse.ArgumentParser(prog="router.examples", description=__doc__).parse_args(arguments)
    try:
        rows = asyncio.run(collected(Settings()))
    except MinshengError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(yaml.safe_dump(rows, allow_unicode=True, sort_keys=False, width=1_000))
    return 0


async def collected(settings: Settings) -> list[dict[str, str]]:
    """`{class, text}` of every case that the text model may learn from."""
    mongo = Mongo(settings.mongodb_uri.get_secret_value(), timeout_ms=30_000, prefix=settings.mongodb_database_prefix)
    store = MongoCases(mongo.database(DATABASE)["cases"], SystemClock(), nudge=lambda _: None, wake=lambda: None)
    rows: list[dict[str, str]] = []
    before: datetime | None = None
    try:
        while found := await store.lessons(before=before, limit=BATCH):
            rows += [{"class": case.lesson.class_id, "text": case.text} for case in found if case.lesson]
            before = found[-1].lesson.at if found[-1].lesson else None
    finally:
        mongo.close()
    return rows


if __name__ == "__main__":
    raise SystemExit(main())
