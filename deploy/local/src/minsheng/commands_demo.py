"""`minsheng demo`: the four channels before one's eyes."""

import asyncio
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.live import Live
from rich.table import Table

from minsheng.places import Places
from minsheng.terminal import ERR, Json, fail, print_json

if TYPE_CHECKING:
    from minsheng.demo import Demo


def demo(
    seconds: Annotated[float, typer.Option(help="最长等待秒数。 Give up after so many seconds.")] = 300,
    as_json: Json = False,
) -> None:
    """四种渠道各送一件真实建议，跟到通知为止。 One real input per channel, followed to its notice."""
    from minsheng.addresses import find
    from minsheng.client import Refused, Unreachable
    from minsheng.demo import Demo

    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, Live(console=ERR, refresh_per_second=5) as live:
        run = Demo(find(Places.from_environment()), Path(folder), lambda: live.update(_table(run, began)))
        live.update(_table(run, began))
        try:
            well = asyncio.run(run.play(seconds))
        except (Unreachable, Refused) as error:
            raise fail(f"{error}: is the stack up? (`make up`)") from None
    if as_json:
        print_json(
            [
                {
                    "channel": journey.channel,
                    "suggestion_id": journey.suggestion_id,
                    "query_code": journey.query_code,
                    "text": journey.heard,
                    "outcome": journey.outcome,
                    "mails": journey.subjects,
                    "done": journey.done,
                    "problem": journey.problem,
                }
                for journey in run.journeys.values()
            ]
        )
    if not well:
        problems = "; ".join(f"{j.channel}: {j.problem}" for j in run.journeys.values() if j.problem)
        raise fail(f"演示未完成 the demo did not end well: {problems}")
    ERR.print(
        f"四个渠道全部办结到通知，用时 {time.monotonic() - began:.0f} 秒。 All four channels reached their notice."
    )


def _table(run: "Demo", began: float) -> Table:
    table = Table(
        "渠道",
        "进展 stage",
        "内容 text",
        "邮件 mail",
        box=None,
        pad_edge=False,
        title=f"{time.monotonic() - began:.0f} s",
    )
    for journey in run.journeys.values():
        mark = "[green]✓[/]" if journey.done else "[red]✗[/]" if journey.problem else "…"
        mail = "; ".join(journey.subjects[-2:])
        table.add_row(f"{mark} {journey.channel}", journey.problem or journey.stage, (journey.heard or "")[:40], mail)
    return table
