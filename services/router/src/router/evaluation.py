"""`python -m router.evaluation routing|issues`: figures of the text model and hot issues, by the code that serves."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from router.adapters import labelled_rows
from router.adapters.embedder import Embedder
from router.adapters.simplified import simplify
from router.adapters.topic_lexicon import topic_lexicon
from router.domain.cross_validation import answers_of, out_of_fold
from router.domain.figures import pairwise, routing_figures
from router.domain.heat import HotIssue, hottest
from router.domain.issues import IssueStream
from router.domain.messages import Message
from router.domain.normalising import normalise
from router.domain.text_model import PRECISION, Embed, Row
from shared.clock import SystemClock
from shared.errors import MinshengError

SHOWN = 20


def main(arguments: list[str] | None = None) -> int:
    """Print the figures; 0 done, 1 a problem named, 2 wrong usage."""
    parser = argparse.ArgumentParser(prog="router.evaluation", description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    routing = kinds.add_parser("routing", help="macro-F1, accuracy, coverage at 95 % precision")
    routing.add_argument("--train", type=Path, required=True, help="JSON Lines: id, subject, text, category")
    routing.add_argument("--data", type=Path, required=True, help="the same; the same file: stratified 5-fold")
    issues = kinds.add_parser("issues", help="pairwise precision, recall and F1 of the clustering")
    issues.add_argument("--data", type=Path, required=True, help="JSON Lines: id, subject, text, submitted_at, issue")
    issues.add_argument("--report", type=Path, help="write the hottest issues with their members' subjects here")
    for one in (routing, issues):
        one.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    try:
        figures = (
            evaluate_routing(given.train, given.data, Embedder())
            if given.kind == "routing"
            else evaluate_issues(given.data, given.report)
        )
    except (MinshengError, ValueError) as error:
        print(error, file=sys.stderr)
        if given.json:
            print(json.dumps({"problem": str(error)}, ensure_ascii=False))
        return 1
    if given.json:
        print(json.dumps(figures, ensure_ascii=False))
    else:
        print("\n".join(f"{name}: {value}" for name, value in figures.items()))
    return 0


def evaluate_routing(train: Path, data: Path, embed: Embed) -> dict[str, Any]:
    """Train on one file and answer the other; the same file is answered fold by fold."""
    rows = labelled_rows.labelled(train, written)
    other = labelled_rows.labelled(data, written)
    if train.read_bytes() == data.read_bytes():
        return held_out_figures(rows, embed)
    _say(f"{len(rows)} rows to learn, {len(other)} to answer")
    answers = answers_of(rows, other, embed, topic_lexicon())
    return {**routing_figures(answers, PRECISION), "method": "trained on --train, answered --data"}


def held_out_figures(rows: Sequence[Row], embed: Embed) -> dict[str, Any]:
    """Each row is answered by a model that never saw it; thresholds, too, come from the rows learned alone."""
    answers, folds = out_of_fold(rows, embed, topic_lexicon(), _say)
    return {**routing_figures(answers, PRECISION), "method": f"stratified {folds}-fold, out of fold"}


def evaluate_issues(data: Path, report: Path | None = None) -> dict[str, Any]:
    """Stream the file in the order of time; figures over the rows that name their issue."""
    messages, truth = labelled_rows.stream(data, written)
    clock = SystemClock()
    issues = IssueStream()
    where: dict[str, str] = {}
    merged: dict[str, str] = {}
    took = []
    for message in messages:
        started = clock.monotonic()
        joined = issues.add(message)
        took.append((clock.monotonic() - started) * 1000)
        where[message.id] = joined.issue_id
        merged.update(dict.fromkeys(joined.merged, joined.issue_id))
    known = [m.id for m in messages if m.id in truth]
    figures = pairwise([truth[i] for i in known], [_followed(where[i], merged) for i in known])
    hot = hottest(issues, messages[-1].at, limit=SHOWN)
    if report:
        report.write_text(_report(hot, messages), "utf-8")
        _say(f"{len(hot)} hottest issues written to {report.name}")
    tenth = max(1, len(took) // 10)
    return {
        **figures,
        "labelled": len(known),
        "messages": len(messages),
        "milliseconds_per_message": {
            "first_tenth": round(sum(took[:tenth]) / tenth, 2),
            "last_tenth": round(sum(took[-tenth:]) / tenth, 2),
        },
        "hottest": [{"name": h.name, "count": h.count, "heat": h.heat, "members": list(h.members)} for h in hot],
    }


def written(text: str) -> str:
    """The form in which the service compares texts."""
    return normalise(text, simplify)


def _followed(issue: str, merged: dict[str, str]) -> str:
    seen = set()
    while issue in merged and issue not in seen:
        seen.add(issue)
        issue = merged[issue]
    return issue


def _report(hot: Sequence[HotIssue], messages: Sequence[Message]) -> str:
    by_id = {m.id: m for m in messages}
    lines = []
    for rank, issue in enumerate(hot, 1):
        lines.append(f"{rank}. {issue.name} — heat {issue.heat}, {issue.count} messages, {issue.support} likes")
        lines += [f"   - {by_id[i].at:%Y-%m-%d} {by_id[i].subject or by_id[i].text[:40]}" for i in issue.members]
    return "\n".join(lines) + "\n"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
