"""`python -m router.replay --from T --pack DIR`: what a pack would have decided about the past. Nothing is written."""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

from router.adapters.classifier import TrainedClassifier
from router.adapters.district_pack import DistrictPack
from router.adapters.simplified import simplify
from router.adapters.topic_history import history
from router.domain import replay
from router.domain.district import District
from router.domain.steps import name_of
from router.handlers.decide import Decide
from router.settings import Settings
from shared.contracts.suggestions import SuggestionSubmitted
from shared.errors import MinshengError
from shared.messaging.connection import KafkaConnection


def main(arguments: list[str] | None = None) -> int:
    """Print what would change; 0 done, 1 a problem named, 2 wrong usage."""
    parser = argparse.ArgumentParser(prog="router.replay", description=__doc__)
    parser.add_argument("--from", dest="since", type=_moment, required=True, help="received at or after (RFC 3339)")
    parser.add_argument("--pack", "--with", dest="pack", type=Path, help="the pack to try (default: DISTRICT_PACK)")
    parser.add_argument("--model", type=Path, help="the text model to try (default: ROUTER_MODEL)")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    settings = Settings()
    try:
        district = DistrictPack(given.pack or settings.district_pack).load()
        folder = given.model or settings.model_folder
        classifier = TrainedClassifier.from_folder(folder) if given.model or folder.is_dir() else None
        decide = Decide(lambda: district, simplify, classifier)
        report = asyncio.run(rerun(connection_of(settings), decide, since=given.since))
    except (MinshengError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if given.json:
        sys.stdout.write(json.dumps({"pack": district.version, **report}, ensure_ascii=False) + "\n")
    else:
        _show(report, district)
    return 0


async def rerun(connection: KafkaConnection, decide: Decide, *, since: datetime) -> dict[str, Any]:
    """Decide again about every suggestion received since then, and compare with the first outcome of each.

    `digest` is that of all decisions in order of suggestion: two runs with the same versions print the same.
    """
    first: dict[str, replay.Ruling] = {}
    async for event in history(connection, "cases"):
        ruling = replay.of_event(event.data)
        if ruling is not None:
            first.setdefault(event.subject, ruling)
    said: dict[str, SuggestionSubmitted] = {}
    async for event in history(connection, "suggestions"):
        if isinstance(event.data, SuggestionSubmitted) and event.data.received_at >= since:
            said.setdefault(event.subject, event.data)
    digest, outcomes, changes = hashlib.sha256(), Counter[str](), []
    for done, suggestion_id in enumerate(sorted(said), 1):
        decision = await decide(said[suggestion_id])
        digest.update(decision.model_dump_json().encode())
        after = replay.of_decision(decision)
        outcomes[after.outcome] += 1
        found = replay.change(suggestion_id, first.get(suggestion_id), after)
        if found is not None:
            changes.append({**found.model_dump(mode="json"), "text": said[suggestion_id].text[:80]})
        if done % 200 == 0:
            sys.stderr.write(f"\r{done}/{len(said)}")
    return {
        "suggestions": len(said),
        "outcomes": dict(sorted(outcomes.items())),
        "changed": len(changes),
        "changes": changes,
        "digest": digest.hexdigest(),
    }


def connection_of(settings: Settings) -> KafkaConnection:
    """The broker of the settings, for a tool that only reads."""
    password = settings.kafka_password
    return KafkaConnection(
        bootstrap_servers=settings.kafka_bootstrap_servers,
        client_id="router-replay",
        username=settings.kafka_username,
        password=password.get_secret_value() if password else None,
    )


def _show(report: dict[str, Any], district: District) -> None:
    def words(ruling: dict[str, Any] | None) -> str:
        if ruling is None:
            return "（尚无结果 none yet）"
        target = name_of(ruling["target"], district) if ruling["outcome"] == "assign" else ruling["target"]
        others = "+" + "、".join(name_of(one, district) for one in ruling["co_units"]) if ruling["co_units"] else ""
        return f"{ruling['outcome']} {target}{others} [{ruling['method']}]"

    lines = [
        f"区域包 pack {district.version}: {report['suggestions']} 件 suggestions, {report['changed']} 件会变 change"
    ]
    for one in report["changes"]:
        lines.append(f"{one['suggestion_id']}  {words(one['before'])}  →  {words(one['after'])}\n    {one['text']}")
    sys.stdout.write("\n".join([*lines, f"digest {report['digest']}"]) + "\n")


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError("the time needs a zone, for example 2026-11-24T08:00:00+08:00")
    return moment


if __name__ == "__main__":
    raise SystemExit(main())
