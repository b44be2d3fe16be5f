"""The campaign: `python -m tests.chaos.campaign --seed 7 --submissions 20000 --faults 200`.

Starts a stage of its own (`stage.py`), drives load, injects the planned faults, waits until the system has
settled, and lets the checker compare what was promised with what happened. Exit 0 only when nothing was lost,
doubled or leaked; 1 when something was; 3 when the machine was too slow for the run to show either.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import signal
import statistics
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from tests.chaos import report
from tests.chaos.canaries import Traces
from tests.chaos.checker import TOPICS, Verdict, compared
from tests.chaos.faults import Faults, Injected
from tests.chaos.hotlines import HTTP_LINE
from tests.chaos.load import Load, Shares
from tests.chaos.pages import sample, shown
from tests.chaos.people import People
from tests.chaos.plan import DISKS, SERVICES, STORES, drawn
from tests.chaos.promised import Accepted
from tests.chaos.reading import read_all
from tests.chaos.settling import Watch, settled
from tests.chaos.stage import CannotPlay, Stage, stage
from tests.support.infrastructure import minsheng

OVERLOADED = 3
"""Exit code of a run that was too slow to show anything."""


def say(text: str) -> None:
    """Progress goes to stderr, with the time."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


async def metrics_pages(env: dict[str, str]) -> list[str]:
    """What every process says on `/metrics`."""
    status = json.loads((await asyncio.to_thread(minsheng, "status", "--json", env=env)).stdout or "{}")
    pages = []
    for service in status.get("services", []):
        if service.get("url") and service["kind"] != "infrastructure":
            with contextlib.suppress(OSError):
                pages.append(
                    await asyncio.to_thread(
                        lambda url=service["url"]: urllib.request.urlopen(url + "/metrics").read().decode()
                    )
                )
    return pages


async def let_in(env: dict[str, str]) -> str:
    """The token of a hotline that may publish over HTTP."""
    added = await asyncio.to_thread(minsheng, "hotline", "add", HTTP_LINE, "--json", env=env)
    if added.returncode != 0:
        raise CannotPlay(f"{added.stdout}\n{added.stderr}")
    return str(json.loads(added.stdout)["token"])


async def campaign(arguments: argparse.Namespace, here: Stage) -> tuple[Verdict, Injected, dict[str, object]]:
    """Load, people and faults together, then the wait, then the comparison."""
    web, media, desk = (here.house.url(f"{name}_PORT") for name in ("INTAKE_WEB", "INTAKE_MEDIA", "ROUTER"))
    kafka = here.ground.kafka  # clients and checker have good lines: what they see is what happened
    accepted = Accepted(here.house.state / "accepted.jsonl")
    token = await let_in(here.env) if arguments.hotline else ""
    load = Load(web=web, media=media, kafka=kafka, token=token, accepted=accepted, seed=arguments.seed)
    people = People(desk=desk, web=web, accepted=accepted, seed=arguments.seed)
    faults = Faults(here)
    plan = drawn(arguments.seed, arguments.faults, outage_s=arguments.outage, full=tuple(arguments.full))
    shares = Shares(hotline=arguments.hotline, recordings=arguments.recordings, videos=arguments.videos)
    began = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        driving = tasks.create_task(
            load.run(submissions=arguments.submissions, per_second=arguments.rate, shares=shares)
        )
        tasks.create_task(people.run(driving, per_second=arguments.acts))
        tasks.create_task(faults.run(plan, seconds=arguments.submissions / arguments.rate, say=say))
    say(f"load is through: {accepted.total} accepted, {len(accepted.deeds)} acts; waiting until all has its effect")
    driven = time.monotonic() - began
    end = await settled(Watch(kafka, accepted).waiting, say=say)
    await asyncio.sleep(5)
    waited = time.monotonic() - began - driven
    pages = await shown(web, sample(accepted, arguments.pages, arguments.seed), kafka) if end == "settled" else {}
    traces = Traces(
        logs=(here.house.log, here.ground.log),
        metrics=await metrics_pages(here.env),
        logging=(*SERVICES, *STORES, "supervisor"),
    )
    records = await read_all(kafka, (*TOPICS, *(f"{topic}-dlq" for topic in TOPICS)))
    verdict = compared(records, accepted, traces, pages=pages, overloaded=end == "overloaded")
    facts: dict[str, object] = {
        "seconds": round(driven, 1),
        "settled_after_s": round(waited, 1),
        "end": end,
        "answers": dict(accepted.answers.most_common()),
        "accept_p50_ms": round(statistics.median(accepted.latencies) * 1000) if accepted.latencies else None,
        "logs": f"{', '.join(sorted(traces.names))}: {sum(traces.searched.values()) / 1e6:.1f} MB",
        "broken": len(accepted.broken),
        "gave_up": [*load.gave_up, *people.gave_up],
    }
    return verdict, faults.injected, facts


async def played(arguments: argparse.Namespace, folder: Path) -> tuple[Verdict, Injected, dict[str, object]]:
    """A campaign on a stage of its own."""
    say(f"starting the stacks in {folder}")
    async with stage(folder) as here:
        left = [name for name in arguments.full if name not in here.disks]
        if left:
            say(f"not filled, since nothing may be mounted here: {', '.join(left)}")
        return await campaign(arguments, here)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=20261124)
    parser.add_argument("--submissions", type=int, default=20_000)
    parser.add_argument("--faults", type=int, default=250)
    parser.add_argument("--rate", type=float, default=32.0, help="submissions a second")
    parser.add_argument("--recordings", type=float, default=0.04, help="share of voice notes")
    parser.add_argument("--hotline", type=float, default=0.15, help="share of hotline work orders")
    parser.add_argument("--videos", type=float, default=0.01, help="share of short videos")
    parser.add_argument("--acts", type=float, default=1.0, help="acts of people a second, at the desk and of residents")
    parser.add_argument("--pages", type=int, default=200, help="tracking pages that are compared at the end")
    parser.add_argument("--outage", type=float, default=60.0, help="seconds that broker and database are down")
    parser.add_argument("--full", nargs="*", choices=DISKS, default=DISKS, help="the disks that fill up (as root)")
    parser.add_argument("--report", type=Path, help="write the report here (Markdown; the figure beside it)")
    arguments = parser.parse_args()
    # A run that is told to end clears its stacks and file systems away.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the load's clients meet every outage
    with tempfile.TemporaryDirectory(prefix="minsheng-chaos-") as folder:
        try:
            verdict, injected, facts = asyncio.run(played(arguments, Path(folder)))
        except CannotPlay as error:
            print(error, file=sys.stderr)
            return 1
    report.show(verdict, injected, facts, arguments)
    if arguments.report:
        report.write(arguments.report, verdict, injected, facts, arguments)
    if facts["end"] == "overloaded":
        return OVERLOADED
    return 0 if verdict.clean and not facts["gave_up"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
