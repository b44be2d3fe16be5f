"""Who is ready: what the supervisor runs, joined with what each process says of itself."""

import json
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx2

from minsheng.control import Supervisor
from minsheng.places import Places
from minsheng.process import Process

ASK_SECONDS = 4.0


def registered(places: Places) -> dict[int, dict[str, Any]]:
    """The files `run/*.json` by process id; one that can't be read counts as not written."""
    found: dict[int, dict[str, Any]] = {}
    for path in places.run.glob("*-*.json"):
        try:
            entry = json.loads(path.read_text(encoding="utf-8"))
            found[int(entry["pid"])] = entry
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return found


def ask(http: httpx2.Client, url: str) -> tuple[bool, list[str]]:
    """Whether `<url>/health/ready` says ready, and its reasons if not."""
    try:
        answer = http.get(f"{url}/health/ready")
        body = answer.json()
        return bool(answer.status_code == 200 and body.get("ready", True)), list(body.get("reasons", []))
    except (httpx2.HTTPError, ValueError) as error:
        return False, [f"no answer from {url} ({type(error).__name__})"]


def rows(places: Places, control: Supervisor, processes: Iterable[Process]) -> list[dict[str, Any]]:
    """One row per process as `status --json` gives it; a watcher scaled to nothing has none."""
    said = registered(places)
    found: list[dict[str, Any]] = []
    for process in processes:
        pids = control.pids(process.name)
        wanted = control.count(process.name)
        for number, pid in enumerate(sorted(pids), start=1):
            entry = said.get(pid, {})
            if entry.get("name") != process.name:  # left by a dead process whose number was given out again
                entry = {}
            found.append(
                {
                    "name": process.name,
                    "kind": process.kind,
                    "process": entry.get("process", f"{process.name}-{number}"),
                    "pid": pid,
                    "url": entry.get("url"),
                }
            )
        for number in range(len(pids) + 1, wanted + 1):
            found.append(
                {
                    "name": process.name,
                    "kind": process.kind,
                    "process": f"{process.name}-{number}",
                    "pid": None,
                    "url": None,
                }
            )
    # One client for all: making one costs as much as a dozen answers. verify=False: these are our own local ports.
    with httpx2.Client(timeout=ASK_SECONDS, verify=False) as http, ThreadPoolExecutor(max_workers=8) as pool:
        return list(pool.map(partial(_judge, http), found))


def _judge(http: httpx2.Client, row: dict[str, Any]) -> dict[str, Any]:
    """Add `state`, `ready` and `reasons`; broker and database are judged by the caller, who can speak to them."""
    if row["pid"] is None:
        return row | {"state": "restarting", "ready": False, "reasons": ["not running, being restarted"]}
    if row["name"] in {"kafka", "mongo"}:
        return row | {"state": "running", "ready": True, "reasons": []}
    if not row["url"]:
        return row | {"state": "starting", "ready": False, "reasons": ["has not yet said its address"]}
    ready, reasons = ask(http, row["url"])
    return row | {"state": "running" if ready else "not-ready", "ready": ready, "reasons": reasons}


def wait_until_ready(
    places: Places, control: Supervisor, processes: list[Process], seconds: float, say: Callable[[str], None]
) -> None:
    """Return when every process is ready; raises `TimeoutError` that names those which are not, with their reasons."""
    ends = time.monotonic() + seconds
    pending = processes
    while True:
        waiting = {}
        for row in rows(places, control, pending):
            if row["ready"]:
                say(f"ready: {row['process']}")
            else:
                waiting[row["name"]] = row["reasons"]
        if not waiting:
            return
        if time.monotonic() > ends:
            raise TimeoutError("; ".join(f"{name}: {', '.join(reasons)}" for name, reasons in waiting.items()))
        pending = [process for process in processes if process.name in waiting]
        time.sleep(0.4)
