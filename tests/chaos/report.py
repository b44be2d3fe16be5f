"""The campaign's result for people: a table, and a figure of what hit whom and when."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.chaos.checker import PROMISES, Verdict
from tests.chaos.faults import Injected
from tests.chaos.plan import KINDS

COLOURS = {
    "SIGKILL": "#c0392b",
    "SIGSTOP": "#d68910",
    "crash point": "#7d3c98",
    "outage": "#1f618d",
    "slow network": "#148f77",
    "reset network": "#58b368",
    "silent network": "#34495e",
    "disk full": "#e84393",
}
LEGEND_WIDTH = 200


def rows(verdict: Verdict, injected: Injected, facts: dict[str, object]) -> list[tuple[str, str, bool | None]]:
    """What is reported: name, figure, and whether it holds (None: a fact, no claim)."""
    gave_up = facts["gave_up"]
    assert isinstance(gave_up, list)
    pages_hold = not verdict.pages_wrong if verdict.pages else None
    settling: list[tuple[str, str, bool | None]] = []
    if verdict.waiting or facts.get("end") == "overloaded":
        settling = [("overloaded: waiting when time ran out, so nothing is shown", str(len(verdict.waiting)), False)]
    return [
        ("accepted submissions", str(verdict.accepted), None),
        ("faults that struck", str(injected.counts.total()), None),
        *((f"… {kind}", f"{n}: {targets}", None) for kind, n, targets in struck(injected)),
        *((f"planned, left out: {why}", str(n), None) for why, n in injected.left_out.items()),
        ("lost: accepted, never on `suggestions`", str(len(verdict.lost)), not verdict.lost),
        ("undecided: no case and no person's queue", str(len(verdict.undecided)), not verdict.undecided),
        ("double effects", str(len(verdict.doubled)), not verdict.doubled),
        ("more than one first outcome", str(len(verdict.several_outcomes)), not verdict.several_outcomes),
        ("states gone backwards or left out, order broken", str(len(verdict.out_of_order)), not verdict.out_of_order),
        ("acts of people", _counted(verdict.acts), None),
        ("… of these without effect", str(len(verdict.acts_lost)), not verdict.acts_lost),
        ("… with two, or two on one page", str(len(verdict.acts_doubled)), not verdict.acts_doubled),
        (f"tracking pages that differ from the case, of {verdict.pages}", str(len(verdict.pages_wrong)), pages_hold),
        ("canary phone number found", str(len(verdict.canaries)), not verdict.canaries),
        ("… after a search of logs", str(facts.get("logs", "")), None),
        ("records broken on purpose, buried as they came", f"{verdict.buried} of {facts.get('broken', 0)}", None),
        ("other dead letters", str(len(verdict.dead_letters)), not verdict.dead_letters),
        *settling,
        ("clients that never got an answer", str(len(gave_up)), not gave_up),
        ("records repeated with the same event id (allowed)", str(verdict.repeats), None),
        ("records per topic", ", ".join(f"{t} {n}" for t, n in sorted(verdict.records.items())), None),
        ("load, then settling", f"{facts['seconds']} s, {facts['settled_after_s']} s", None),
        ("answers to clients", ", ".join(f"{a}: {n}" for a, n in dict(facts["answers"]).items()), None),
    ]


def _counted(acts: Counter[str]) -> str:
    return ", ".join(f"{name} {n}" for name, n in sorted(acts.items())) or "none"


def struck(injected: Injected) -> list[tuple[str, int, str]]:
    """Per kind: its name, how often it struck, and whom how often."""
    found = []
    for kind in KINDS:
        whom = Counter(target.split()[0] for _, what, target in injected.events if what == kind)
        if whom:
            found.append((kind, whom.total(), ", ".join(f"{name} {n}" for name, n in sorted(whom.items()))))
    return found


def show(verdict: Verdict, injected: Injected, facts: dict[str, object], arguments: argparse.Namespace) -> None:
    """Print the table."""
    table = Table(title=f"chaos campaign, seed {arguments.seed}")
    table.add_column("what")
    table.add_column("figure")
    table.add_column("holds")
    for name, figure, holds in rows(verdict, injected, facts):
        table.add_row(name, figure, {None: "", True: "[green]yes", False: "[red]NO"}[holds])
    Console().print(table)
    for name in (*PROMISES, "waiting"):
        found = getattr(verdict, name)
        if found:
            Console().print(f"{name}: {found[:8]}")


def write(
    path: Path, verdict: Verdict, injected: Injected, facts: dict[str, object], arguments: argparse.Namespace
) -> None:
    """Write the report as Markdown, and the figure as SVG beside it."""
    lines = [
        "# Chaos campaign",
        "",
        f"`make chaos` with seed {arguments.seed}: {arguments.submissions} submissions at {arguments.rate:g}/s, "
        f"{arguments.faults} faults.",
        "",
        f"![faults over time]({path.stem}.svg)",
        "",
        "| what | figure | holds |",
        "| --- | --- | --- |",
        *(
            f"| {name} | {figure} | {({None: '', True: 'yes', False: '**NO**'})[holds]} |"
            for name, figure, holds in rows(verdict, injected, facts)
        ),
        "",
        "What each kind is: " + "; ".join(f"*{kind}*, {meaning}" for kind, meaning in KINDS.items()) + ".",
        "",
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    path.with_suffix(".svg").write_text(figure(injected, float(str(facts["seconds"]))), encoding="utf-8")


def figure(injected: Injected, seconds: float) -> str:
    """One row per process, one mark per fault, as a plain SVG."""
    targets = sorted({target.split()[0] for _, _, target in injected.events})
    width, left, row = 900, 120, 26
    legend_rows = -(-len(COLOURS) // (width // LEGEND_WIDTH))
    height = row * (len(targets) + 1 + legend_rows)
    marks = [
        f'<text x="8" y="{row * (place + 1) + 5}" font-size="13">{target}</text>'
        f'<line x1="{left}" y1="{row * (place + 1)}" x2="{width}" y2="{row * (place + 1)}" stroke="#ddd"/>'
        for place, target in enumerate(targets)
    ]
    for at, kind, target in injected.events:
        x = left + (width - left - 10) * min(1.0, at / max(seconds, 1))
        y = row * (targets.index(target.split()[0]) + 1)
        marks.append(
            f'<circle cx="{x:.1f}" cy="{y}" r="4" fill="{COLOURS[kind]}"><title>{kind} {target}</title></circle>'
        )
    columns, first = width // LEGEND_WIDTH, row * (len(targets) + 1)
    legend = ""
    for place, (kind, colour) in enumerate(COLOURS.items()):
        x, y = 12 + LEGEND_WIDTH * (place % columns), first + 8 + row * (place // columns)
        legend += f'<circle cx="{x}" cy="{y}" r="4" fill="{colour}"/>'
        legend += f'<text x="{x + 10}" y="{y + 5}" font-size="13">{kind}</text>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif">'
        f'<rect width="100%" height="100%" fill="white"/>{"".join(marks)}{legend}</svg>'
    )
