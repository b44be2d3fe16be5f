"""`python -m intake_web.hotlines add|list|rotate|revoke`: hotlines and their keys (the command line's `hotline`).

With an administrator's `KAFKA_USERNAME` the broker's users are kept too. JSON on stdout; 0 done, 1 a problem named.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import json
import sys
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from intake_web.adapters.hotline_store import MongoHotlines
from intake_web.adapters.kafka_hotlines import KafkaHotlines
from intake_web.domain.hotline_access import DEFAULT_OVERLAP, HotlineAccess
from intake_web.handlers.hotline_keys import HotlineKeys
from shared.clock import SystemClock
from shared.contracts.model import rfc3339
from shared.errors import MinshengError
from shared.messaging.connection import KafkaConnection
from shared.runtime.settings import ProcessSettings
from shared.storage.mongo import Mongo


async def run(settings: ProcessSettings, arguments: argparse.Namespace) -> Any:
    """Do what is asked and return the JSON answer."""
    mongo = Mongo(settings.mongodb_uri.get_secret_value(), timeout_ms=10_000, prefix=settings.mongodb_database_prefix)
    kafka = None
    if settings.kafka_username is not None and not arguments.http_only:
        password = settings.kafka_password.get_secret_value() if settings.kafka_password else None
        kafka = KafkaHotlines(
            KafkaConnection(
                bootstrap_servers=settings.kafka_bootstrap_servers,
                client_id="hotlines",
                username=settings.kafka_username,
                password=password,
            )
        )
    accesses = MongoHotlines(mongo.database("intake_web")["hotline_tokens"])
    keys = HotlineKeys(accesses, kafka, SystemClock(), by=arguments.by)
    try:
        await accesses.prepare()
        if arguments.command == "list":
            return [_shown(access) for access in await keys.listed()]
        if arguments.command == "add":
            return asdict(await keys.add(arguments.name))
        if arguments.command == "rotate":
            overlap = timedelta(hours=arguments.overlap_hours)
            return asdict(await keys.rotate(arguments.name, overlap=overlap, kafka=arguments.kafka))
        await keys.revoke(arguments.name)
        return {"name": arguments.name, "revoked": True}
    finally:
        mongo.close()


def _shown(access: HotlineAccess) -> dict[str, Any]:
    return {
        "name": access.name,
        "revoked": access.revoked,
        "tokens": [{"valid_until": token.valid_until and rfc3339(token.valid_until)} for token in access.tokens],
        "history": [{"at": rfc3339(e.at), "by": e.by, "action": e.action} for e in access.history],
    }


def _words(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m intake_web.hotlines", description=__doc__)
    parser.add_argument("--by", default=getpass.getuser(), help="who does it, for the audit")
    parser.add_argument("--http-only", action="store_true", help="leave Kafka alone: its users are kept elsewhere")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="hotlines, their tokens' ends, and who did what")
    commands.add_parser("add", help="let a hotline in; prints its keys, once").add_argument("name")
    rotate = commands.add_parser("rotate", help="a new token; the old ones end after the overlap")
    rotate.add_argument("name")
    default = DEFAULT_OVERLAP / timedelta(hours=1)
    rotate.add_argument("--overlap-hours", type=float, default=default, help=f"default {default:g}; 0 ends them now")
    rotate.add_argument("--kafka", action="store_true", help="a new Kafka password too; the old one ends at once")
    commands.add_parser("revoke", help="shut it out at once").add_argument("name")
    arguments = parser.parse_args(argv)
    if arguments.command == "rotate" and not 0 <= arguments.overlap_hours <= 24 * 366:
        parser.error("--overlap-hours is between 0 and a year")
    return arguments


def main(argv: list[str] | None = None) -> int:
    """0 done, 1 a problem named on stderr, 2 wrong usage."""
    arguments = _words(argv)
    try:
        answer = asyncio.run(run(ProcessSettings(), arguments))
    except MinshengError as error:
        sys.stderr.write(f"hotline {arguments.command}: {error}\n")
        return 1
    sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
