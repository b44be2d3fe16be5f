"""The real way of a recording: uploaded over HTTP, queued, transcribed, its suggestion read from the topic."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import psutil

from shared.messaging.decoding import from_record
from tests.bench.media_contender import peak_mb
from tests.support.infrastructure import Infrastructure, free_offset, minsheng
from tests.support.media_stack import MediaStack

UPLOADS_AT_ONCE = 4
OUR_PARTS = ("api", "worker", "engine")


@contextlib.contextmanager
def infrastructure(state: Path) -> Iterator[Infrastructure]:
    """A Kafka and a Mongo of our own."""
    offset = free_offset()
    env = {"MINSHENG_STATE": str(state), "MINSHENG_PORT_OFFSET": str(offset)}
    started = minsheng("up", "--detach", "--only", "kafka,mongo", env=env)
    if started.returncode:
        raise SystemExit(started.stdout + started.stderr)
    try:
        yield Infrastructure(
            kafka=f"127.0.0.1:{19092 + offset}",
            mongo_uri=f"mongodb://127.0.0.1:{27117 + offset}/?retryWrites=false",
            smtp_host="127.0.0.1",
            smtp_port=8025 + offset,
            inbox_url="",
            state=state,
        )
    finally:
        minsheng("down", env=env)


class Suggestions:
    """Watches the topic from now on: suggestion id → (moment it was seen, its text)."""

    def __init__(self, held: Infrastructure) -> None:
        self._consumer = held.connection("bench").consumer("suggestions", auto_offset_reset="latest", group_id=None)
        self.seen: dict[str, tuple[float, str]] = {}

    async def __aenter__(self) -> Suggestions:
        await self._consumer.start()
        await self._consumer.seek_to_end()
        for partition in self._consumer.assignment():
            await self._consumer.position(partition)
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._consumer.stop()

    async def _watch(self) -> None:
        async for record in self._consumer:
            now, event = time.perf_counter(), from_record(record)
            if event.type == "suggestion.submitted.v1":
                self.seen.setdefault(event.subject, (now, event.data.text))

    async def of(self, identities: list[str], *, within_s: float = 200.0) -> list[tuple[float, str]]:
        """In the order of `identities`, once all are there."""
        async with asyncio.timeout(within_s):
            while any(one not in self.seen for one in identities):
                await asyncio.sleep(0.02)
        return [self.seen[one] for one in identities]


async def upload_all(url: str, paths: list[Path], *, channel: str = "voice") -> list[str]:
    """Suggestion ids; a few uploads at a time, as a busy hour sends them."""
    turn = asyncio.Semaphore(UPLOADS_AT_ONCE)
    async with httpx2.AsyncClient(timeout=60) as client:

        async def one(path: Path) -> str:
            async with turn:
                answer = await client.post(
                    f"{url}/api/v1/recordings", data={"channel": channel}, files={"file": ("x", path.read_bytes())}
                )
            if answer.status_code != 202:
                raise SystemExit(f"not accepted: {answer.status_code} {answer.text}")
            return str(answer.json()["suggestion_id"])

        return list(await asyncio.gather(*map(one, paths)))


@dataclass
class Pipeline:
    """The upload API all along; for every run a worker of its own, ready before the clock starts."""

    held: Infrastructure
    stack: MediaStack
    runner: asyncio.Runner = field(default_factory=asyncio.Runner)
    api: subprocess.Popen[bytes] | None = None

    @classmethod
    def over(cls, held: Infrastructure, state: Path, *, weights: Path, language_model: Path) -> Pipeline:
        """`state` is a folder of its own; copies for players wait, as they do while recordings wait."""
        state.mkdir()
        (state / "models").symlink_to(weights.parent)
        stack = MediaStack(
            held,
            state,
            TRANSCRIBER_FACTORY="",
            RECORDING_LEASE_S="30",
            WHISPER_MODEL=str(weights),
            WHISPER_LANGUAGE_MODEL=str(language_model),
            LOG_LEVEL="WARNING",
        )
        return cls(held, stack)

    def start(self) -> None:
        """The API."""
        self.api = self.stack.start("serve")
        self.runner.run(self.stack.ready(self.api))

    def stop(self) -> None:
        """Everything that was started."""
        self.stack.stop()
        self.runner.close()

    @contextlib.asynccontextmanager
    async def worker(self, lane: str, concurrency: int, **env: str) -> AsyncIterator[subprocess.Popen[bytes]]:
        """Ready in the block, stopped after it."""
        process = self.stack.start("worker", "--channel", lane, "--concurrency", str(concurrency), **env)
        try:
            await self.stack.ready(process)
            yield process
        finally:
            process.terminate()
            await asyncio.to_thread(process.wait, 30)

    def run(self, preset: str, paths: list[Path]) -> dict[str, Any]:
        """{texts, wall_s, cpu_s, peak_mb, cpu: per part}; the wall from the first upload to the last suggestion."""
        return self.runner.run(self._run(preset, paths))

    async def _run(self, preset: str, paths: list[Path]) -> dict[str, Any]:
        cores = len(os.sched_getaffinity(0))
        async with (
            Suggestions(self.held) as suggestions,
            self.worker("voice", cores, WHISPER_PRESET=preset) as worker,
        ):
            await suggestions.of(await upload_all(self.stack.url, paths[: 2 * cores]))  # warm
            assert self.api is not None
            parts = {"api": self.api.pid, "worker": worker.pid, "engine": _engine(worker.pid), **self._servers()}
            before, busy = {name: _cpu_s(pid) for name, pid in parts.items()}, _busy_s()
            began = time.perf_counter()
            found = await suggestions.of(await upload_all(self.stack.url, paths))
            wall_s = max(moment for moment, _ in found) - began
            spent = {name: round(_cpu_s(pid) - before[name], 3) for name, pid in parts.items()}
            others = _busy_s() - busy - sum(spent.values())
            return {
                "texts": [text for _, text in found],
                "wall_s": wall_s,
                "cpu": {**spent, "all else": round(others, 3)},
                "cpu_s": sum(spent[name] for name in OUR_PARTS),
                "peak_mb": sum(peak_mb(pid) for name in OUR_PARTS for pid in (parts[name], *_readers(parts[name]))),
            }

    def _servers(self) -> dict[str, int]:
        addresses = {"kafka": self.held.kafka, "mongo": self.held.mongo_uri.removeprefix("mongodb://").split("/")[0]}
        ports = {int(address.rsplit(":", 1)[1]): name for name, address in addresses.items()}
        return {
            ports[one.laddr.port]: one.pid
            for one in psutil.net_connections("tcp")
            if one.status == psutil.CONN_LISTEN and one.laddr.port in ports and one.pid
        }


def _busy_s() -> float:
    """Seconds that the machine's cores were at work for anybody."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.irq + times.softirq)


def _engine(worker: int) -> int:
    """The transcribing child of a worker."""
    for child in psutil.Process(worker).children():
        if any("transcriber_child" in word for word in child.cmdline()):
            return int(child.pid)
    raise RuntimeError("the worker has no transcribing child")


def _cpu_s(pid: int) -> float:
    """User and system seconds of a process, of its ended children, and of the one that reads its uploads."""
    times = [psutil.Process(one).cpu_times() for one in (pid, *_readers(pid))]
    return float(sum(one.user + one.system + one.children_user + one.children_system for one in times))


def _readers(pid: int) -> list[int]:
    """The process that reads uploads for a service process, with libav in it; it lives as long as that."""
    children = psutil.Process(pid).children()
    return [int(child.pid) for child in children if any("reader_child" in word for word in child.cmdline())]
