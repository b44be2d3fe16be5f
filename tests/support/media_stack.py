"""The upload API and workers of intake-media as real processes on the session's Kafka and Mongo."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2

from shared.contracts.envelope import Event
from shared.errors import PermanentError
from shared.messaging.decoding import from_record
from tests.support.infrastructure import Infrastructure
from tests.support.media_app import KEY, REPOSITORY

STARTS_WITHIN_S = 90
LEASE_S = 2


class MediaStack:
    """Starts processes in a state folder of their own; `stop` ends whatever is left of them."""

    def __init__(self, infrastructure: Infrastructure, state: Path, **env: str) -> None:
        self.infrastructure = infrastructure
        self.state = state
        self.blobs = state / "blobs"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{free.getsockname()[1]}"
        self._env = {
            **os.environ,
            **infrastructure.env(),
            "MINSHENG_STATE": str(state),
            "BLOB_URL": self.blobs.as_uri(),
            "DISTRICT_PACK": str(REPOSITORY / "deploy" / "district"),
            "INTAKE_MEDIA_PORT": self.url.rsplit(":", 1)[-1],
            "PUBLIC_MEDIA_URL": self.url,
            "VAULT_KEY": KEY,
            "RECEIPT_KEY": KEY,
            "RATE_LIMITS": "off",
            "RECORDING_LEASE_S": str(LEASE_S),
            "TRANSCRIBER_FACTORY": "tests.support.transcribers:echo",
            "MEDIA_COPIES": "off",
            **env,
        }
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, *words: str, **env: str) -> subprocess.Popen[bytes]:
        """`python -m intake_media …`; logs go to a file of the state folder."""
        log = (self.state / f"process-{len(self._processes)}.log").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-m", "intake_media", *words],
            env={**self._env, **env},
            cwd=REPOSITORY,
            stdout=log,
            stderr=log,
        )
        self._processes.append(process)
        return process

    def worker(self, lane: str = "voice", **env: str) -> subprocess.Popen[bytes]:
        return self.start("worker", "--channel", lane, **env)

    async def ready(self, process: subprocess.Popen[bytes]) -> str:
        """Its address, once it says that it can work."""
        async with httpx2.AsyncClient() as client, asyncio.timeout(STARTS_WITHIN_S):
            while True:
                assert process.poll() is None, self.logs()
                for path in (self.state / "run").glob(f"*-{process.pid}.json"):
                    url = json.loads(path.read_text())["url"]
                    with contextlib.suppress(httpx2.HTTPError):
                        if (await client.get(f"{url}/health/ready")).status_code == 200:
                            return str(url)
                await asyncio.sleep(0.2)

    async def upload(self, content: bytes, *, channel: str = "voice", key: str = "", **fields: str) -> dict[str, Any]:
        async with httpx2.AsyncClient(timeout=30) as client:
            answer = await client.post(
                f"{self.url}/api/v1/recordings",
                data={"channel": channel, **fields},
                files={"file": ("x", content)},
                headers={"Idempotency-Key": key} if key else {},
            )
        assert answer.status_code == 202, answer.text
        receipt: dict[str, Any] = answer.json()
        return receipt

    async def queue(self) -> dict[str, dict[str, float]]:
        async with httpx2.AsyncClient() as client:
            found: dict[str, dict[str, float]] = (await client.get(f"{self.url}/internal/queue")).json()
        return found

    def logs(self) -> str:
        return "\n".join(path.read_text(errors="replace")[-4_000:] for path in self.state.glob("process-*.log"))

    def stop(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
        for process in self._processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextlib.asynccontextmanager
async def topic_events(
    infrastructure: Infrastructure, *topics: str, repeated: bool = False
) -> AsyncIterator[Callable[..., Awaitable[list[Event[Any]]]]]:
    """A function that returns the events of one suggestion seen so far, waiting until `count` are there.

    By id, unless `repeated`: two processes publish a recording's events, and one may repeat what the other has not yet
    marked. What other tests left on the topic may be unreadable.
    """
    consumer = infrastructure.connection().consumer(*topics, auto_offset_reset="earliest", group_id=None)
    await consumer.start()
    seen: list[Event[Any]] = []

    async def events_of(suggestion_id: str, count: int, *, within_s: float = 60.0) -> list[Event[Any]]:
        deadline = asyncio.get_running_loop().time() + within_s
        while True:
            each = [event for event in seen if event.subject == suggestion_id]
            found = each if repeated else list({event.id: event for event in each}.values())
            left = deadline - asyncio.get_running_loop().time()
            if len(found) >= count or left <= 0:
                return found
            batches = await consumer.getmany(timeout_ms=300)
            for record in itertools.chain.from_iterable(batches.values()):
                with contextlib.suppress(PermanentError):
                    seen.append(from_record(record))

    try:
        yield events_of
    finally:
        await consumer.stop()
