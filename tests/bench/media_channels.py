"""Channels scale apart: a second voice worker speeds up voices and no video waits longer; videos never hold up voices.

The queues are filled while all workers stand still, so every run starts from the same heap. With fewer than four cores
three workers could not have a core each: there the engine is replaced by one that waits as long as a recording takes
and computes nothing, and what is measured is that nothing but cores stands between the channels.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from tests.bench.media_pipeline import Pipeline, Suggestions, upload_all

ENOUGH_CORES = 4
NOTE_S, VIDEO_S = 0.4, 1.2


@dataclass(frozen=True)
class Run:
    """Seconds from the workers' start."""

    voices_s: float
    first_video_s: float | None


@dataclass(frozen=True)
class Scaling:
    """Medians; ratios of two voice workers to one, and of a flood of videos to none."""

    engine: str
    voice_ratio: float
    first_video_ratio: float
    flood_ratio: float


async def _run(pipeline: Pipeline, notes: list[Path], videos: list[Path], *, voice_workers: int) -> Run:
    async with contextlib.AsyncExitStack() as stack:
        seen = await stack.enter_async_context(Suggestions(pipeline.held))
        workers = [
            await stack.enter_async_context(pipeline.worker(lane, 1, **_engine(pipeline, lane)))
            for lane in (*["voice"] * voice_workers, "video")
        ]
        for worker in workers:
            worker.send_signal(signal.SIGSTOP)
        try:
            voices = await upload_all(pipeline.stack.url, notes)
            films = await upload_all(pipeline.stack.url, videos, channel="video") if videos else []
        finally:
            began = time.perf_counter()
            for worker in workers:
                worker.send_signal(signal.SIGCONT)
        last_voice = max(moment for moment, _ in await seen.of(voices))
        first_film = min((moment for moment, _ in await seen.of(films)), default=None)
        return Run(last_voice - began, None if first_film is None else first_film - began)


def _engine(pipeline: Pipeline, lane: str) -> dict[str, str]:
    if len(os.sched_getaffinity(0)) >= ENOUGH_CORES:
        return {}
    return {
        "TRANSCRIBER_FACTORY": "tests.support.transcribers:slow",
        "SLOW_S": str(NOTE_S if lane == "voice" else VIDEO_S),
        "SLOW_RUNS": str(pipeline.stack.state / "slow-runs"),
    }


async def _scaling(pipeline: Pipeline, notes: list[Path], video: Path, rounds: int) -> Scaling:
    one, two, calm, flood = [], [], [], []
    for _ in range(rounds):
        one.append(await _run(pipeline, notes, [video] * 10, voice_workers=1))
        two.append(await _run(pipeline, notes, [video] * 10, voice_workers=2))
        calm.append(await _run(pipeline, notes[:15], [], voice_workers=1))
        flood.append(await _run(pipeline, notes[:15], [video] * 30, voice_workers=1))

    def voices(runs: list[Run]) -> float:
        return statistics.median(run.voices_s for run in runs)

    def first(runs: list[Run]) -> float:
        return statistics.median(run.first_video_s or 0.0 for run in runs)

    return Scaling(
        "the real one" if not _engine(pipeline, "voice") else "one that waits instead of computing",
        voices(one) / voices(two),
        first(two) / first(one),
        voices(flood) / voices(calm),
    )


def measure(pipeline: Pipeline, clips: list[Path], video: Path, *, rounds: int = 1) -> Scaling:
    """40 notes and 10 videos with one and two voice workers; 15 notes beside 30 videos and beside none."""
    notes = (clips * 40)[:40]
    return pipeline.runner.run(asyncio.wait_for(_scaling(pipeline, notes, video, rounds), 600))
