"""`make bench`: accept → `suggestions` → case stored, text only, as ratios to bare references of the same run.

The references (`bare.py`) promise nothing: FastAPI and one acknowledged insert; aiokafka produce with acks=all;
aiokafka consume and one insert. Rounds are interleaved, medians are quoted.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from pymongo import MongoClient
from rich.console import Console
from rich.table import Table

from tests.bench import bare
from tests.bench.driver import Rate, post_many
from tests.support.infrastructure import free_offset, minsheng

TEXT = "我建议在城中街道小区门口增加几个充电桩，现在大家都从楼上拉电线给电动车充电，非常不安全。"
KEY = base64.b64encode(b"bench-key-32-bytes-bench-key-32-").decode()
ROOT = Path(__file__).resolve().parents[2]


def say(text: str) -> None:
    """Progress on stderr."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


class Bench:
    """Infrastructure of its own, and services started one at a time, so that each is measured alone."""

    def __init__(self, state: Path) -> None:
        self._offset = free_offset()
        self.state = state
        self.kafka = f"127.0.0.1:{19092 + self._offset}"
        self.mongo_uri = f"mongodb://127.0.0.1:{27117 + self._offset}/?retryWrites=false"
        self.web = f"http://127.0.0.1:{8080 + self._offset}"
        self.bare = f"http://127.0.0.1:{8099 + self._offset}"
        self._control = {"MINSHENG_STATE": str(state), "MINSHENG_PORT_OFFSET": str(self._offset)}
        self._env = {
            **os.environ,
            **self._control,
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka,
            "MONGODB_URI": self.mongo_uri,
            "DISTRICT_PACK": str(ROOT / "deploy/district"),
            "VAULT_KEY": KEY,
            "RECEIPT_KEY": KEY,
            "DESK_SESSION_KEY": KEY,
            "RATE_LIMITS": "off",
            "LOG_LEVEL": "WARNING",
            "BARE_PORT": str(8099 + self._offset),
        }

    def __enter__(self) -> Bench:
        say("starting Kafka and the database")
        started = minsheng("up", "--detach", "--only", "kafka,mongo", env=self._control)
        if started.returncode:
            raise SystemExit(started.stdout + started.stderr)
        return self

    def __exit__(self, *_: object) -> None:
        minsheng("down", env=self._control)

    @contextlib.contextmanager
    def process(self, *command: str, ready: str | None, env: dict[str, str] | None = None) -> Iterator[None]:
        """One process, ready before the block and stopped after it."""
        with (self.state / "bench.log").open("ab") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", *command], env={**self._env, **(env or {})}, cwd=ROOT, stdout=log, stderr=log
            )
        try:
            if ready:
                wait_for(ready)
            yield
        finally:
            child.terminate()
            child.wait(30)

    def cases(self) -> int:
        """Cases stored so far."""
        with MongoClient(self.mongo_uri) as client:
            return client["router"]["cases"].count_documents({})

    async def ends(self, topic: str) -> int:
        """Records on a topic."""
        consumer = AIOKafkaConsumer(topic, bootstrap_servers=self.kafka)
        await consumer.start()
        try:
            return sum((await consumer.end_offsets(consumer.assignment())).values())
        finally:
            await consumer.stop()


def wait_for(url: str, seconds: float = 60) -> None:
    """Until the address answers 200 (or 405: it is there)."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        try:
            urllib.request.urlopen(url, timeout=2)
            return
        except urllib.error.HTTPError as error:
            if error.code in (404, 405):
                return
        except OSError:
            pass
        time.sleep(0.2)
    raise SystemExit(f"{url} did not get ready")


def body(_: int) -> bytes:
    return json.dumps({"text": TEXT}, ensure_ascii=False).encode()


async def accept_rounds(bench: Bench, rounds: int, total: int) -> dict[str, list[Rate]]:
    """The bare endpoint and ours in turn, both under 32 connections."""
    found: dict[str, list[Rate]] = {"bare": [], "ours": []}
    for number in range(rounds):
        with bench.process("tests.bench.bare", ready=bench.bare + "/accept"):
            await post_many(bench.bare + "/accept", body, total=300)
            found["bare"].append(await post_many(bench.bare + "/accept", body, total=total))
        with bench.process("intake_web", ready=bench.web + "/health/ready"):
            await post_many(bench.web + "/api/v1/suggestions", body, total=300)
            ours = await post_many(bench.web + "/api/v1/suggestions", body, total=total)
            found["ours"].append(ours)
            await drained(bench)
        say(f"accept round {number + 1}: bare {found['bare'][-1].per_second:.0f}/s, ours {ours.per_second:.0f}/s")
    return found


async def drained(bench: Bench, seconds: float = 120) -> None:
    """Until the relay has published everything that was accepted."""
    ends = time.monotonic() + seconds
    with MongoClient(bench.mongo_uri) as client:
        while client["intake_web"]["suggestions"].count_documents({"outbox_next_at": {"$exists": True}}):
            if time.monotonic() > ends:
                raise SystemExit("the outbox did not drain")
            await asyncio.sleep(0.5)


async def route_rate(bench: Bench, processes: int, group_from: int) -> float:
    """Cases a second while the router catches up with what waits on `suggestions`."""
    env = [{"ROUTER_PORT": str(18300 + number + bench._offset % 100)} for number in range(processes)]
    with contextlib.ExitStack() as stack:
        for one in env:
            stack.enter_context(bench.process("router", ready=None, env=one))
        while bench.cases() <= group_from:
            await asyncio.sleep(0.02)
        began, first = time.perf_counter(), bench.cases()
        wanted = await bench.ends("suggestions")
        while (now := bench.cases()) < wanted:
            await asyncio.sleep(0.1)
        return (now - first) / (time.perf_counter() - began)


async def journey(bench: Bench, per_second: float, total: int) -> list[float]:
    """Seconds from POST to the first outcome on `cases`, at a steady rate, both services running."""
    sent: dict[str, float] = {}
    seen: dict[str, float] = {}
    consumer = AIOKafkaConsumer("cases", bootstrap_servers=bench.kafka, auto_offset_reset="latest")
    await consumer.start()
    await consumer.seek_to_end()

    async def watch() -> None:
        async for record in consumer:
            headers = dict(record.headers)
            if headers.get("ce_type") in (b"case.assigned.v1", b"case.review-requested.v1", b"case.declined.v1"):
                seen.setdefault(headers["ce_subject"].decode(), time.perf_counter())

    watcher = asyncio.create_task(watch())
    async with asyncio.timeout(120):
        import httpx2

        async with httpx2.AsyncClient(timeout=10) as client, asyncio.TaskGroup() as tasks:

            async def one() -> None:
                at = time.perf_counter()
                answer = await client.post(bench.web + "/api/v1/suggestions", json={"text": TEXT})
                if answer.status_code != 202:
                    raise SystemExit(f"not accepted: {answer.status_code} {answer.text}")
                sent[answer.json()["suggestion_id"]] = at

            began = time.perf_counter()
            for number in range(total):
                await asyncio.sleep(max(0.0, began + number / per_second - time.perf_counter()))
                tasks.create_task(one())
        while any(identity not in seen for identity in sent):
            await asyncio.sleep(0.05)
    watcher.cancel()
    await consumer.stop()
    return [seen[identity] - at for identity, at in sent.items()]


async def run(arguments: argparse.Namespace, bench: Bench) -> dict[str, object]:
    """All measurements; returns the figures."""
    figures: dict[str, object] = {"cores": os.cpu_count(), "load": os.getloadavg()[0]}
    accepts = await accept_rounds(bench, arguments.rounds, arguments.total)
    bare_rate = statistics.median(rate.per_second for rate in accepts["bare"])
    our_rate = statistics.median(rate.per_second for rate in accepts["ours"])
    figures["accept"] = {
        "bare_per_s": round(bare_rate),
        "ours_per_s": round(our_rate),
        "ratio": round(
            statistics.median(o.per_second / b.per_second for b, o in zip(*accepts.values(), strict=True)), 2
        ),
        "ours_p50_ms": round(statistics.median(rate.percentile(0.5) for rate in accepts["ours"]), 1),
        "ours_p99_ms": round(statistics.median(rate.percentile(0.99) for rate in accepts["ours"]), 1),
    }
    admin = AIOKafkaAdminClient(bootstrap_servers=bench.kafka)
    await admin.start()
    await admin.create_topics([NewTopic("bare", 12, 1)])
    await admin.close()
    figures["produce_bare_per_s"] = round(await bare.produce(bench.kafka, "bare", 5_000))
    say("bare consumer")
    bare_route = await bare.consume(bench.kafka, bench.mongo_uri, "bare", 3_000)
    say("router, one process")
    one = await route_rate(bench, 1, 0)
    figures["route"] = {"bare_per_s": round(bare_route), "ours_per_s": round(one), "ratio": round(one / bare_route, 2)}
    with bench.process("intake_web", ready=bench.web + "/health/ready"):
        await post_many(bench.web + "/api/v1/suggestions", body, total=arguments.total)
        await drained(bench)
    say("router, two processes")
    two = await route_rate(bench, 2, bench.cases())
    figures["two_routers"] = {"per_s": round(two), "ratio_to_one": round(two / one, 2)}
    half = min(our_rate, one) / 2 * arguments.journey_share
    with (
        bench.process("intake_web", ready=bench.web + "/health/ready"),
        bench.process("router", ready=None, env={"ROUTER_PORT": str(18200 + bench._offset % 100)}),
    ):
        await asyncio.sleep(5)
        delays = sorted(await journey(bench, half, 1_000))
        figures["accept_to_case"] = {
            "at_per_s": round(half),
            "p50_ms": round(delays[len(delays) // 2] * 1000, 1),
            "p99_ms": round(delays[int(len(delays) * 0.99)] * 1000, 1),
        }
    return figures


def show(figures: dict[str, object]) -> None:
    """The figures as a table."""
    table = Table(title=f"text path on {figures['cores']} cores (load {figures['load']:.1f} at the start)")
    table.add_column("what")
    table.add_column("figures")
    for name, value in figures.items():
        shown = ", ".join(f"{key} {one}" for key, one in value.items()) if isinstance(value, dict) else str(value)
        table.add_row(name, shown)
    Console().print(table)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--total", type=int, default=3_000)
    parser.add_argument("--journey-share", type=float, default=1.0, help="share of half the highest rate")
    parser.add_argument("--json", type=Path, help="write the figures here")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="minsheng-bench-") as folder, Bench(Path(folder)) as bench:
        figures = asyncio.run(run(arguments, bench))
    show(figures)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
