"""The campaign: `python -m tests.chaos.campaign --seed 7 --submissions 20000 --faults 200`.

Starts a whole stack of its own, drives load, injects faults, waits until the system has settled, and lets the
checker compare what was promised with what happened. Exit 0 only when nothing was lost, doubled or leaked.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from minsheng.places import Places
from tests.chaos import report
from tests.chaos.checker import Verdict, check, settled
from tests.chaos.faults import Faults, Injected
from tests.chaos.load import Accepted, Load
from tests.support.infrastructure import free_offset, minsheng

SETTLE_S = 900.0


def say(text: str) -> None:
    """Progress goes to stderr, with the time."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def stack_environment(state: Path, plan: Path) -> dict[str, str]:
    """A whole stack of its own: other ports, other state, no rate limits, a transcriber that costs nothing."""
    root = Path(__file__).resolve().parents[2]
    return {
        "MINSHENG_STATE": str(state),
        "MINSHENG_PORT_OFFSET": str(free_offset()),
        "RATE_LIMITS": "off",
        "CRASH_PLAN": str(plan),
        "TRANSCRIBER_FACTORY": "tests.support.transcribers:echo",
        "PYTHONPATH": str(root),
        "LOG_LEVEL": "WARNING",
    }


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


async def campaign(
    arguments: argparse.Namespace, env: dict[str, str], plan: Path
) -> tuple[Verdict, Injected, dict[str, object]]:
    """Load and faults together, then the wait, then the comparison."""
    os.environ.update(env)
    places = Places.from_environment()
    web, media = places.url("INTAKE_WEB_PORT"), places.url("INTAKE_MEDIA_PORT")
    accepted = Accepted(places.state / "accepted.jsonl")
    load = Load(web=web, media=media, kafka=places.kafka, accepted=accepted, seed=arguments.seed)
    faults = Faults(places, plan, seed=arguments.seed, outage_s=arguments.outage)
    seconds = arguments.submissions / arguments.rate
    began = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(
            load.run(
                submissions=arguments.submissions,
                per_second=arguments.rate,
                recordings=arguments.recordings,
                hotline=arguments.hotline,
            )
        )
        if arguments.faults:
            tasks.create_task(faults.run(wanted=arguments.faults, seconds=seconds, say=say))
    say(f"load is through: {accepted.total} accepted; waiting until all are decided")
    driven = time.monotonic() - began
    deadline = time.monotonic() + SETTLE_S
    done, total = await settled(places.kafka, accepted)
    while done < total and time.monotonic() < deadline:
        await asyncio.sleep(4)
        done, total = await settled(places.kafka, accepted)
        say(f"decided {done} of {total}")
    await asyncio.sleep(5)
    verdict = await check(places.kafka, accepted, places.state / "log", await metrics_pages(env))
    facts: dict[str, object] = {
        "seconds": round(driven, 1),
        "settled_after_s": round(time.monotonic() - began - driven, 1),
        "answers": dict(accepted.answers.most_common()),
        "accept_p50_ms": round(statistics.median(accepted.latencies) * 1000) if accepted.latencies else None,
        "gave_up": load.gave_up,
    }
    return verdict, faults.injected, facts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=20261124)
    parser.add_argument("--submissions", type=int, default=20_000)
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--rate", type=float, default=45.0, help="submissions a second")
    parser.add_argument("--recordings", type=float, default=0.04, help="share of voice notes")
    parser.add_argument("--hotline", type=float, default=0.15, help="share of hotline work orders")
    parser.add_argument("--outage", type=float, default=60.0, help="seconds that broker and database are down")
    parser.add_argument("--report", type=Path, help="write the report here (Markdown; the figure beside it)")
    arguments = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the load's clients meet every outage
    with tempfile.TemporaryDirectory(prefix="minsheng-chaos-") as folder:
        state, plan = Path(folder) / "state", Path(folder) / "plan"
        plan.mkdir()
        env = stack_environment(state, plan)
        say(f"starting a stack in {state}")
        started = minsheng("up", "--detach", env=env)
        if started.returncode != 0:
            print(started.stdout, started.stderr, file=sys.stderr)
            return 1
        try:
            verdict, injected, facts = asyncio.run(campaign(arguments, env, plan))
        finally:
            with contextlib.suppress(subprocess.TimeoutExpired):
                minsheng("down", env=env)
    report.show(verdict, injected, facts, arguments)
    if arguments.report:
        report.write(arguments.report, verdict, injected, facts, arguments)
    return 0 if verdict.clean and not facts["gave_up"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
