"""`python -m router.pack_report`: does the district pack hold together, and how does it decide its own examples?"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from router.adapters.district_pack import DistrictPack
from router.adapters.simplified import simplify
from router.domain.decision import Assign, Decline
from router.domain.district import District
from router.handlers.decide import Decide
from router.settings import Settings
from shared.contracts.suggestions import SuggestionSubmitted
from shared.errors import MinshengError


def main(arguments: list[str] | None = None) -> int:
    """0 when the pack may be used, 1 with every fault named, 2 wrong usage."""
    parser = argparse.ArgumentParser(prog="router.pack_report", description=__doc__)
    parser.add_argument("--pack", type=Path, help="folder of the district pack (default: DISTRICT_PACK)")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    try:
        district = DistrictPack(given.pack or Settings().district_pack).load()
    except MinshengError as error:
        sys.stderr.write(f"{error}\n")
        if given.json:
            sys.stdout.write(json.dumps({"ok": False, "problem": str(error)}, ensure_ascii=False) + "\n")
        return 1
    report = asyncio.run(examine(district))
    if given.json:
        sys.stdout.write(json.dumps({"ok": True, **report}, ensure_ascii=False) + "\n")
    else:
        sys.stdout.writelines(f"{name}: {value}\n" for name, value in report.items())
    return 0


async def examine(district: District) -> dict[str, str | int]:
    """Counts of the pack's parts, and of its labelled examples: decided by rules, right, left to model or person."""
    decide = Decide(lambda: district, simplify)
    assigned = right = declined = 0
    for example in district.examples:
        said = SuggestionSubmitted(
            suggestion_id="0" * 26,
            channel="web",
            received_at=datetime.now(UTC),
            text=f"{example.subject}。{example.text}" if example.subject else example.text,
        )
        outcome = (await decide(said)).outcome
        if isinstance(outcome, Assign):
            assigned += 1
            # A finer class below the labelled one is no mistake.
            right += f"{outcome.class_id}.".startswith(f"{example.class_id}.")
        declined += isinstance(outcome, Decline)
    return {
        "version": district.version,
        "units": len(district.organisation.units),
        "towns": len(district.organisation.towns),
        "classes": len(district.taxonomy),
        "rules": len(district.rules),
        "examples": len(district.examples),
        "assigned_by_rule": assigned,
        "assigned_right": right,
        "declined": declined,
    }


if __name__ == "__main__":
    raise SystemExit(main())
