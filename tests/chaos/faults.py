"""The faults: what happens to machines, one at a time and on top of each other, from a seed that repeats a run."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from minsheng.control import Running, supervisor
from minsheng.places import Places

SERVICES = ("intake-web", "intake-media", "router", "notifier", "worker-voice", "worker-video")
CRASHES = {
    "intake-web": ("before_insert", "after_insert", "before_publish", "after_publish", "before_effect", "after_effect"),
    "intake-media": ("before_insert", "after_insert", "before_publish", "after_publish"),
    "worker-voice": ("before_transcribe", "after_transcribe", "before_publish", "after_publish"),
    "router": ("before_effect", "before_insert", "after_insert", "after_effect", "before_publish", "after_publish"),
    "notifier": ("before_effect", "after_effect", "before_send", "after_send", "before_publish", "after_publish"),
}


@dataclass
class Injected:
    """What was done, when (seconds since the start), to whom."""

    events: list[tuple[float, str, str]] = field(default_factory=list)

    @property
    def counts(self) -> Counter[str]:
        return Counter(kind for _, kind, _ in self.events)


class Faults:
    """Injects faults into a running local stack until `wanted` are done."""

    def __init__(self, places: Places, plan: Path, *, seed: int, outage_s: float = 60.0) -> None:
        self._running = Running.load(places)
        self._plan = plan
        self._random = random.Random(seed)
        self._outage_s = outage_s
        self._began = time.monotonic()
        self.injected = Injected()
        self._busy: set[str] = set()

    def _note(self, kind: str, target: str) -> None:
        self.injected.events.append((time.monotonic() - self._began, kind, target))

    async def _pids(self, name: str) -> list[int]:
        def ask() -> list[int]:
            with supervisor(self._running.endpoint) as control:
                return control.pids(name)

        with contextlib.suppress(RuntimeError):
            return await asyncio.to_thread(ask)
        return []

    async def kill(self, target: str) -> None:
        """SIGKILL: the supervisor starts it again."""
        for pid in await self._pids(target):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._note("SIGKILL", target)

    async def pause(self, target: str, seconds: float) -> None:
        """SIGSTOP and SIGCONT: the only way to see zombies that wake after their lease or session ended."""
        if target in self._busy:
            return
        self._busy.add(target)
        pids = await self._pids(target)
        self._note("SIGSTOP", target)
        try:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSTOP)
            await asyncio.sleep(seconds)
        finally:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
            self._busy.discard(target)

    async def crash_at(self, target: str, point: str) -> None:
        """The next process of this name to reach the point dies there."""
        (self._plan / f"{target}.{point}").touch()
        self._note("crash point", f"{target} {point}")

    async def outage(self, target: str) -> None:
        """Stopped on purpose for a minute, then started again."""

        def command(word: str) -> None:
            with supervisor(self._running.endpoint, timeout=90) as control:
                control.stop(target) if word == "stop" else control.start(target)

        self._busy.add(target)
        self._note("outage", target)
        try:
            await asyncio.to_thread(command, "stop")
            await asyncio.sleep(self._outage_s)
        finally:
            await asyncio.to_thread(command, "start")
            self._busy.discard(target)

    async def run(self, *, wanted: int, seconds: float, say: Callable[[str], None]) -> None:
        """Spread `wanted` faults over `seconds`, two outages among them; returns when all have passed."""
        outages = [(0.3, "kafka"), (0.65, "mongo")] if self._outage_s else []
        async with asyncio.TaskGroup() as tasks:
            for number in range(wanted):
                share = number / wanted
                if outages and share >= outages[0][0]:
                    _, target = outages.pop(0)
                    tasks.create_task(self.outage(target))
                else:
                    tasks.create_task(self._one())
                if number % 20 == 0:
                    say(f"faults {number}/{wanted}")
                await asyncio.sleep(seconds / wanted * self._random.uniform(0.5, 1.5))
        for left in self._plan.iterdir():  # crash points that nobody reached must not hit the aftermath
            left.unlink(missing_ok=True)

    async def _one(self) -> None:
        dice = self._random.random()
        service = self._random.choice(SERVICES)
        if dice < 0.35:
            await self.kill(service)
        elif dice < 0.55:
            await self.pause(service, self._random.uniform(1, 12))
        elif dice < 0.90:
            target = self._random.choice(tuple(CRASHES))
            await self.crash_at(target, self._random.choice(CRASHES[target]))
        elif dice < 0.95:
            store = self._random.choice(("kafka", "mongo"))
            if store not in self._busy:
                await self.kill(store)
        else:
            await self.pause(self._random.choice(("kafka", "mongo")), self._random.uniform(1, 8))
