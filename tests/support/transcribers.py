"""A transcriber that costs nothing, for campaigns in which speech is not the point (`TRANSCRIBER_FACTORY`)."""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path

from intake_media.domain.sound import Samples
from intake_media.domain.transcript import Transcript
from intake_media.ports.speech import Heard
from shared.contracts.suggestions import Segment


class Echo:
    """Says the same of the same sound, after a short while."""

    async def transcribe(
        self, samples: Samples, *, deadline_s: float, flags: tuple[str, ...] = (), progress: Heard | None = None
    ) -> Transcript:
        await asyncio.sleep(0.05)
        mark = hashlib.sha256(samples.tobytes()).hexdigest()[:8]
        text = f"建议在第{int(mark, 16) % 10_000}小区增加电动车充电桩。"
        return Transcript(
            verdict="clear",
            text=text,
            segments=(Segment(start_s=0, end_s=1, text=text, confidence=0.9),),
            duration_s=len(samples) / 16_000,
            engine="echo",
            model="test",
        )


def echo() -> Echo:
    """The factory that the setting names."""
    return Echo()


class Never:
    """Holds a job until somebody ends it."""

    async def transcribe(
        self, samples: Samples, *, deadline_s: float, flags: tuple[str, ...] = (), progress: Heard | None = None
    ) -> Transcript:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")


def never() -> Never:
    """The factory that the setting names."""
    return Never()


class Slow(Echo):
    """Takes `SLOW_S` seconds, and leaves a line in the file `SLOW_RUNS` for each time it was begun."""

    async def transcribe(
        self, samples: Samples, *, deadline_s: float, flags: tuple[str, ...] = (), progress: Heard | None = None
    ) -> Transcript:
        with Path(os.environ["SLOW_RUNS"]).open("a") as runs:
            runs.write("begun\n")
        await asyncio.sleep(float(os.environ["SLOW_S"]))
        return await super().transcribe(samples, deadline_s=deadline_s, flags=flags)


def slow() -> Slow:
    """The factory that the setting names."""
    return Slow()
