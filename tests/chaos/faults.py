"""The faults: what happens to machines, disks and the network, one at a time and on top of each other, as planned."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from minsheng import kafka
from minsheng.control import Running, Supervisor, supervisor
from tests.chaos.plan import Fault
from tests.chaos.stage import Stage

LATENCY_S, SLICE_BYTES = 0.05, 1024
RESETS = 4
RETURN_S = 90.0
"""What a broker may take to come back once its disk has room."""


@dataclass
class Injected:
    """What was done, when (seconds since the start), to whom."""

    events: list[tuple[float, str, str]] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    """Planned, but not done: why, and how often."""

    @property
    def counts(self) -> Counter[str]:
        return Counter(kind for _, kind, _ in self.events)


class Faults:
    """Injects a plan's faults into a stage."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._began = time.monotonic()
        self._armed: dict[str, tuple[float, str, str]] = {}
        # What lasts waits for what lasts already on the same target, so that every planned fault strikes.
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._acts = {
            "SIGKILL": self._kill,
            "SIGSTOP": self._pause,
            "crash point": self._crash_at,
            "outage": self._outage,
            "slow network": self._slow,
            "reset network": self._reset,
            "silent network": self._silence,
            "disk full": self._fill,
        }
        self.injected = Injected()

    async def run(self, plan: Sequence[Fault], *, seconds: float, say: Callable[[str], None]) -> None:
        """Spread the plan over `seconds`; returns when all have passed."""
        self._began = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            for number, fault in enumerate(plan):
                await asyncio.sleep(max(0.0, self._began + fault.at * seconds - time.monotonic()))
                tasks.create_task(self._acts[fault.kind](fault))
                if number % 20 == 0:
                    say(f"faults {number}/{len(plan)}")
        for name, event in self._armed.items():  # crash points that nobody reached must not hit the aftermath
            left = self._stage.plan / name
            if left.exists():
                left.unlink(missing_ok=True)
                self.injected.events.remove(event)
                self.injected.left_out["crash points that nobody reached"] += 1

    def _note(self, fault: Fault) -> tuple[float, str, str]:
        event = (time.monotonic() - self._began, fault.kind, f"{fault.target} {fault.point}".strip())
        self.injected.events.append(event)
        return event

    async def _ask(self, target: str, what: Callable[[Supervisor], object]) -> object:
        def ask() -> object:
            with supervisor(Running.load(self._stage.home(target)).endpoint, timeout=90) as control:
                return what(control)

        return await asyncio.to_thread(ask)

    async def _pids(self, target: str) -> list[int]:
        with contextlib.suppress(RuntimeError):
            found = await self._ask(target, lambda control: control.pids(target))
            assert isinstance(found, list)
            return found
        return []

    async def _signal(self, pids: list[int], number: signal.Signals) -> None:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    async def _kill(self, fault: Fault) -> None:
        if fault.target in ("kafka", "mongo"):
            async with self._turns[fault.target]:  # what was stopped on purpose can't be killed
                await self._signal(await self._pids(fault.target), signal.SIGKILL)
        else:
            await self._signal(await self._pids(fault.target), signal.SIGKILL)
        self._note(fault)

    async def _pause(self, fault: Fault) -> None:
        """The only way to see zombies that wake after their lease or session ended."""
        async with self._turns[fault.target]:
            pids = await self._pids(fault.target)
            self._note(fault)
            try:
                await self._signal(pids, signal.SIGSTOP)
                await asyncio.sleep(fault.seconds)
            finally:
                await self._signal(pids, signal.SIGCONT)

    async def _crash_at(self, fault: Fault) -> None:
        """The next process of this name to reach the point dies there."""
        name = f"{fault.target}.{fault.point}"
        path = self._stage.plan / name
        if path.exists():
            self.injected.left_out["crash points armed already"] += 1
            return
        path.touch()
        self._armed[name] = self._note(fault)

    async def _outage(self, fault: Fault) -> None:
        async with self._turns[fault.target]:
            self._note(fault)
            try:
                await self._ask(fault.target, lambda control: control.stop(fault.target))
                await asyncio.sleep(fault.seconds)
            finally:
                await self._ask(fault.target, lambda control: control.start(fault.target))

    async def _slow(self, fault: Fault) -> None:
        await self._broken(fault, "slow", latency_s=LATENCY_S, slice_bytes=SLICE_BYTES)

    async def _silence(self, fault: Fault) -> None:
        await self._broken(fault, "silence")

    async def _broken(self, fault: Fault, act: str, **values: float) -> None:
        async with self._turns[fault.target]:
            self._note(fault)
            try:
                await self._stage.network.tell(fault.target, act, **values)
                await asyncio.sleep(fault.seconds)
            finally:
                await self._stage.network.tell(fault.target, "heal")

    async def _reset(self, fault: Fault) -> None:
        async with self._turns[fault.target]:
            self._note(fault)
            for _ in range(RESETS):
                await self._stage.network.tell(fault.target, "reset")
                await asyncio.sleep(fault.seconds / RESETS)

    async def _fill(self, fault: Fault) -> None:
        """Full for a while, then as large as before; a broker ends on it, and is waited for."""
        disk = self._stage.disks.get(fault.target)
        if disk is None:
            self.injected.left_out["full disks (no right to mount)"] += 1
            return
        target = "kafka" if fault.target == "kafka-disk" else fault.target
        async with self._turns[target]:
            self._note(fault)
            try:
                await asyncio.to_thread(disk.fill)
                await asyncio.sleep(fault.seconds)
            finally:
                await asyncio.to_thread(disk.empty)
            if target == "kafka":
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(RETURN_S):
                        while await kafka.answers(self._stage.ground.kafka, None) is not None:
                            await asyncio.sleep(0.5)
