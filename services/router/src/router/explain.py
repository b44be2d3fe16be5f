"""`python -m router.explain "…"`: what the service would decide about a text, and why; the very same code."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

from router.adapters.classifier import TrainedClassifier
from router.adapters.district_pack import DistrictPack
from router.adapters.simplified import simplify
from router.domain.decision import Assign, Decision, Decline, Review
from router.domain.district import District
from router.domain.steps import due_of_class
from router.handlers.decide import Decide
from router.settings import Settings
from shared.contracts.suggestions import Channel, Place, SuggestionSubmitted
from shared.errors import MinshengError

LABELS = {
    "rule": "规则 rule",
    "word": "关键词 word",
    "hotline-code": "热线分类码 hotline code",
    "model-class": "模型类别 model class",
    "model-word": "模型看重的词 model word",
    "emergency-word": "危险用语 word of danger",
}


def main(arguments: list[str] | None = None) -> int:
    """Print the decision; 0 done, 1 a problem named, 2 wrong usage."""
    parser = argparse.ArgumentParser(prog="router.explain", description=__doc__)
    parser.add_argument("text")
    parser.add_argument("--town", help="id or name of the town given in the form")
    parser.add_argument("--channel", default="web", choices=get_args(Channel))
    parser.add_argument("--source", help="id of a hotline of the pack")
    parser.add_argument("--code", help="category code given by the hotline")
    parser.add_argument("--pack", type=Path, help="folder of the district pack (default: DISTRICT_PACK)")
    parser.add_argument("--model", type=Path, help="folder of a trained text model (default: ROUTER_MODEL)")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    settings = Settings()
    try:
        district = DistrictPack(given.pack or settings.district_pack).load()
        folder = given.model or settings.model_folder
        classifier = TrainedClassifier.from_folder(folder) if given.model or folder.is_dir() else None
        decide = Decide(lambda: district, simplify, classifier)
        said = SuggestionSubmitted(
            suggestion_id="0" * 26,
            channel=given.channel,
            received_at=datetime.now(UTC),
            text=given.text,
            place=Place(town=given.town) if given.town else None,
            source=given.source,
            category_code=given.code,
        )
        decision = asyncio.run(decide(said))
    except MinshengError as error:
        print(error, file=sys.stderr)
        return 1
    if given.json:
        print(json.dumps(decision.model_dump(mode="json"), ensure_ascii=False, sort_keys=True))
    else:
        print("\n".join(lines(decision, district, said)))
    return 0


def lines(decision: Decision, district: District, said: SuggestionSubmitted) -> Iterable[str]:
    """The explanation for a terminal."""
    outcome = decision.outcome
    if isinstance(outcome, Assign):
        due = due_of_class(said.received_at, outcome.class_id, district)
        yield f"分办 assign → {_unit(outcome.unit, district)}   类别 class: {_class(outcome.class_id, district)}"
        if outcome.co_units:
            yield "协办 co-handlers: " + "、".join(_unit(one, district) for one in outcome.co_units)
        yield f"期限 due: {due.date}  {due.computation}"
    elif isinstance(outcome, Decline):
        yield f"不予受理 decline: {outcome.ground} {district.grounds[outcome.ground].name.zh} → {outcome.redirect}"
    elif isinstance(outcome, Review):
        words = district.screening.reasons
        said_so = "；".join(f"{code} {words[code].zh if code in words else ''}" for code in outcome.reasons)
        yield f"转人工 review: {said_so}"
    if decision.emergency:
        yield f"紧急 emergency: {decision.emergency}"
    yield f"方式 method: {decision.method}   把握 confidence: {decision.confidence:.0%}"
    for one in decision.evidence:
        weight = "" if one.weight is None else f"  ({one.weight:g})"
        yield f"  · {LABELS.get(one.kind, one.kind)}: {one.value}{weight}"
    for other in decision.alternatives:
        place = f"{_unit(other.unit, district)} / {_class(other.class_id, district)}"
        yield f"  其他可能 alternative: {other.confidence:.0%}  {place}  {other.reason}"
    yield "版本 versions: " + "  ".join(f"{k} {v}" for k, v in decision.versions.model_dump(exclude_none=True).items())


def _unit(unit: str, district: District) -> str:
    body = district.bodies.get(unit)
    return f"{body.name.zh} {body.name.en}" if body else unit


def _class(class_id: str, district: District) -> str:
    field = district.classes.get(class_id)
    return f"{field.name.zh} {field.id}" if field else class_id or "—"


if __name__ == "__main__":
    raise SystemExit(main())
