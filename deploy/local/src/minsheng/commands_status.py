"""`status` and `doctor`: look, change nothing."""

import asyncio
from dataclasses import asdict

import typer
from rich.table import Table

from minsheng.places import Places
from minsheng.terminal import OUT, Json, fail, print_json


def status(as_json: Json = False) -> None:
    """各进程、主题与积压的现状。 Every process by its progress, topics with lag, waiting recordings."""
    from minsheng import inspect
    from minsheng.control import NotRunning

    try:
        found = inspect.status(Places.from_environment())
    except (NotRunning, RuntimeError) as error:
        if as_json:
            print_json(asdict(inspect.Status(services=[])))
        raise fail(str(error)) from None
    if as_json:
        print_json(found.document())
        return
    table = Table("process", "state", "pid", "address", "reasons", box=None, pad_edge=False)
    for row in found.services:
        style = "green" if row["ready"] else "red"
        pid, url = str(row["pid"] or ""), str(row["url"] or "")
        table.add_row(row["process"], f"[{style}]{row['state']}", pid, url, "; ".join(row["reasons"]))
    OUT.print(table)
    table = Table("topic", "partitions", "records", "lag", box=None, pad_edge=False)
    for topic in found.topics:
        lag = ", ".join(f"{group} {count}" for group, count in topic["lag"].items())
        table.add_row(topic["name"], str(topic["partitions"]), str(topic["end_offset"]), lag)
    OUT.print(table)
    for channel, queue in found.recordings.items():
        far = ", ".join(f"{one['done']}/{one['total']}" for one in queue["in_hand"] if one["total"])
        long = f"; stretches heard: {far}" if far else ""
        OUT.print(f"{channel}: {queue['waiting']} waiting, {queue['workers']} workers{long}", highlight=False)
    OUT.print("ready" if found.ready else "not ready")


def doctor(as_json: Json = False) -> None:
    """检查本机是否齐备，缺什么就说怎么补。 Check this machine; each lack with the command that mends it."""
    from minsheng import doctor as checks

    places = Places.from_environment()
    findings = [*checks.examine(places), *asyncio.run(checks.given(places))]
    if as_json:
        print_json({"ok": all(f.ok for f in findings), "checks": [asdict(f) for f in findings]})
    else:
        for finding in findings:
            mark = "[green]✓" if finding.ok else "[red]✗"
            mend = "" if finding.ok else f"  → {finding.mend}"
            OUT.print(f"{mark} {finding.check}[/]: {finding.detail}{mend}", highlight=False)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)
