"""`make bench`: accept → `suggestions` → case stored, text only, as ratios to bare references of the same run.

The references (`bare.py`) promise nothing: FastAPI and one acknowledged insert; aiokafka produce with acks=all;
aiokafka consume and one insert. Rounds are interleaved, medians are quoted. Exit 0 only when every goal held.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import httpx2
from aiokafka import AIOKafkaConsumer
from rich.console import Console
from rich.table import Table

from tests.bench import bare
from tests.bench.driver import Rate, post_many
from tests.bench.stage import Stage, routed, say
from tests.bench.stored import fill

TEXT = "我建议在城中街道小区门口增加几个充电桩，现在大家都从楼上拉电线给电动车充电，非常不安全。"
OUTCOMES = (b"case.assigned.v1", b"case.review-requested.v1", b"case.declined.v1")
BARE_TOPIC = "bare"
Figures = dict[str, Any]


def body(number: int) -> bytes:
    """One suggestion that a rule decides; no two alike."""
    return json.dumps({"text": f"{TEXT}（{number}号楼）"}, ensure_ascii=False).encode()


async def accept_bare(stage: Stage, total: int) -> Rate:
    """The bare endpoint under 32 connections."""
    with stage.process("tests.bench.bare", ready=stage.bare + "/accept"):
        await post_many(stage.bare + "/accept", body, total=300)
        return await post_many(stage.bare + "/accept", body, total=total)


async def accept_ours(stage: Stage, total: int) -> tuple[Rate, float]:
    """Ours, and the suggestions a second until all that follows an accept is done too (published, noted, projected)."""
    with stage.intake():
        await post_many(stage.web + "/api/v1/suggestions", body, total=300)
        began = time.perf_counter()
        ours = await post_many(stage.web + "/api/v1/suggestions", body, total=total)
        if ours.refused:
            raise SystemExit(f"{ours.refused} suggestions were not accepted")
        await stage.drained("intake_web", "suggestions")
        return ours, (total + 300) / (time.perf_counter() - began)


async def route(stage: Stage, processes: int = 1) -> float:
    """Cases a second while the routers catch up with what waits."""
    async with stage.admin() as client:
        ends = await _ends(stage)
        begun = await routed(client)
        with stage.routers(processes):
            while (first := await routed(client)) == begun:
                await asyncio.sleep(0.05)
            began = time.perf_counter()
            while await routed(client) < ends:
                await asyncio.sleep(0.1)
            rate = (ends - first) / (time.perf_counter() - began)
            await stage.drained("router", "cases", but=200)  # hot issues go on being followed
            return rate


async def _ends(stage: Stage) -> int:
    consumer = AIOKafkaConsumer("suggestions", bootstrap_servers=stage.kafka)
    await consumer.start()
    try:
        return sum((await consumer.end_offsets(consumer.assignment())).values())
    finally:
        await consumer.stop()


async def journeys(stage: Stage, per_second: float | None, total: int) -> tuple[float, list[float]]:
    """Both services running: cases a second, and seconds from POST to the first outcome on `cases`.

    With a rate, suggestions come at that rate; without, as fast as they are accepted.
    """
    sent: dict[str, float] = {}
    seen: dict[str, float] = {}
    consumer = AIOKafkaConsumer("cases", bootstrap_servers=stage.kafka, auto_offset_reset="latest")
    await consumer.start()
    await consumer.seek_to_end()

    async def watch() -> None:
        async for record in consumer:
            headers = dict(record.headers)
            if headers.get("ce_type") in OUTCOMES:
                seen.setdefault(headers["ce_subject"].decode(), time.perf_counter())

    watcher, slots = asyncio.create_task(watch()), asyncio.Semaphore(32)
    limits = httpx2.Limits(max_connections=32)
    async with asyncio.timeout(300):
        async with httpx2.AsyncClient(timeout=30, limits=limits) as client, asyncio.TaskGroup() as tasks:

            async def one(number: int) -> None:
                async with slots:
                    at = time.perf_counter()
                    answer = await client.post(stage.web + "/api/v1/suggestions", content=body(number), headers=JSON)
                if answer.status_code != 202:
                    raise SystemExit(f"not accepted: {answer.status_code} {answer.text}")
                sent[answer.json()["suggestion_id"]] = at

            began = time.perf_counter()
            for number in range(total):
                if per_second:
                    await asyncio.sleep(max(0.0, began + number / per_second - time.perf_counter()))
                tasks.create_task(one(number))
        while any(identity not in seen for identity in sent):
            await asyncio.sleep(0.02)
    watcher.cancel()
    await consumer.stop()
    return total / (max(seen.values()) - began), sorted(seen[identity] - at for identity, at in sent.items())


JSON = {"content-type": "application/json"}


async def rounds(stage: Stage, given: argparse.Namespace) -> Figures:
    """Ours and the bare references in turn."""
    found: dict[str, list[float]] = {}

    def note(**figures: float) -> None:
        for name, value in figures.items():
            found.setdefault(name, []).append(value)
        say(", ".join(f"{name} {value:.0f}" for name, value in figures.items()))

    await stage.make_topic(BARE_TOPIC)
    for _ in range(given.rounds):
        note(accept_bare=(await accept_bare(stage, given.total)).per_second)
        ours, settled = await accept_ours(stage, given.total)
        note(accept=ours.per_second, accept_settled=settled, p50_ms=ours.percentile(0.5), p99_ms=ours.percentile(0.99))
        note(produce_bare=await bare.produce(stage.kafka, BARE_TOPIC, given.total))
        note(route_bare=await bare.consume(stage.kafka, stage.mongo_uri, BARE_TOPIC, given.total))
        note(route=await route(stage))
    medians: Figures = {f"{name}_per_s" if not name.endswith("ms") else name: median(v) for name, v in found.items()}
    pairs = {"accept_ratio": ("accept", "accept_bare"), "route_ratio": ("route", "route_bare")}
    for name, (ours_name, bare_name) in pairs.items():
        medians[name] = median(o / b for o, b in zip(found[ours_name], found[bare_name], strict=True))
    return medians


async def run(given: argparse.Namespace, stage: Stage) -> Figures:
    """All measurements; returns the figures."""
    figures: Figures = {"cores": os.cpu_count(), "load_at_start": round(os.getloadavg()[0], 1)}
    figures |= await rounds(stage, given)
    await accept_ours(stage, given.total)
    two = await route(stage, 2)
    figures |= {"two_routers_per_s": two, "two_routers_ratio": two / figures["route_per_s"]}
    with stage.intake(), stage.routers():
        await journeys(stage, 20, 60)
        figures["pipeline_per_s"], _ = await journeys(stage, None, given.total)
        await stage.drained("router", "cases", but=200)  # hot issues go on being followed
        half = figures["pipeline_per_s"] / 2
        _, delays = await journeys(stage, half, 1_000)
    figures |= {"journey_at_per_s": half, "journey_p50_ms": delays[len(delays) // 2] * 1000}
    figures["journey_p99_ms"] = delays[int(len(delays) * 0.99)] * 1000
    if given.stored:
        fill(stage, given.stored)
        ours, _ = await accept_ours(stage, given.total)
        routes = await route(stage)
        figures |= {"stored": given.stored, "accept_flat": ours.per_second / figures["accept_per_s"]}
        figures["route_flat"] = routes / figures["route_per_s"]
    return figures


GOALS = {
    "accept_ratio": ("≥", 0.7),
    "route_ratio": ("≥", 0.5),
    "journey_p99_ms": ("≤", 250.0),
    "accept_flat": ("≥", 0.8),
    "route_flat": ("≥", 0.8),
}
"""Flat: what a full store leaves of the rate of a nearly empty one; a fifth is the noise of such a run."""


def show(figures: Figures) -> bool:
    """The figures as a table; True when every goal that was measured held."""
    table = Table(title="text path, from accepting to the stored case")
    for column in ("what", "figure", "goal", "held"):
        table.add_column(column)
    kept = True
    for name, value in figures.items():
        sign, goal = GOALS.get(name, ("", 0.0))
        held = not sign or (value >= goal if sign == "≥" else value <= goal)
        kept = kept and held
        figure = f"{value:.2f}" if name.endswith(("ratio", "flat")) else f"{value:.0f}"
        table.add_row(name, figure, f"{sign} {goal:g}" if sign else "", ("yes" if held else "NO") if sign else "")
    Console().print(table)
    return kept


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--total", type=int, default=3_000, help="suggestions of one step")
    parser.add_argument(
        "--stored", type=int, default=200_000, help="suggestions in the store at the end; 0: no such step"
    )
    parser.add_argument("--json", type=Path, help="write the figures here")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="minsheng-bench-") as folder, Stage(Path(folder)) as stage:
        figures = asyncio.run(run(given, stage))
    if given.json:
        given.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 0 if show(figures) else 1


if __name__ == "__main__":
    raise SystemExit(main())
