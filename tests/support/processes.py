"""Services of ours as real processes, started alone on given infrastructure, to be killed at will."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2

from intake_web.bootstrap import bootstrap
from shared.clock import SystemClock
from shared.storage.mongo import Collection
from tests.support import intake
from tests.support.infrastructure import Infrastructure
from tests.support.pack import PACK

READY_S = 90


class Processes:
    """Starts processes; `close` ends what is left of them."""

    def __init__(self, infrastructure: Infrastructure, state: Path, prefix: str) -> None:
        self._state = state
        self._env = {
            **os.environ,
            **infrastructure.env(),
            "MONGODB_DATABASE_PREFIX": prefix,
            "MINSHENG_STATE": str(state),
            "DISTRICT_PACK": str(PACK),
            "VAULT_KEY": intake.KEY,
            "RECEIPT_KEY": intake.KEY,
            "RATE_LIMITS": "off",
            "INTAKE_WEB_PORT": "0",
            "ROUTER_PORT": "0",
        }
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self, module: str, **env: str) -> subprocess.Popen[bytes]:
        """`python -m <module>` with `env` on top."""
        log = (self._state / f"{module}-{len(self._started)}.log").open("wb")
        process = subprocess.Popen([sys.executable, "-m", module], env={**self._env, **env}, stdout=log, stderr=log)
        self._started.append(process)
        return process

    async def ready(self, process: subprocess.Popen[bytes]) -> str:
        """Its address, once it says that it is ready."""
        async with httpx2.AsyncClient() as client, asyncio.timeout(READY_S):
            while True:
                assert process.poll() is None, "the process ended before it was ready"
                for path in (self._state / "run").glob(f"*-{process.pid}.json"):
                    with contextlib.suppress(httpx2.HTTPError, json.JSONDecodeError):
                        url = str(json.loads(path.read_text())["url"])
                        if (await client.get(f"{url}/health/ready")).status_code == 200:
                            return url
                await asyncio.sleep(0.1)

    def close(self) -> None:
        for process in self._started:
            if process.poll() is None:
                process.kill()
            process.wait(20)


async def end_leases(collection: Collection) -> None:
    """The thirty seconds are over for which a dead (or unlucky) writer still owns what it wrote."""
    await collection.update_many(
        {"outbox_next_at": {"$exists": True}}, {"$set": {"outbox_next_at": SystemClock().now()}}
    )


async def ended(process: subprocess.Popen[bytes], *, seconds: float = 60) -> int:
    """Its exit code, once it has ended."""
    async with asyncio.timeout(seconds):
        while process.poll() is None:
            await asyncio.sleep(0.05)
    return int(process.returncode)


@contextlib.asynccontextmanager
async def intake_web(infrastructure: Infrastructure, prefix: str, state: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """The text intake at work inside this process, and a client that speaks to it; ready when the block begins."""
    settings = intake.settings(
        kafka_bootstrap_servers=infrastructure.kafka,
        mongodb_uri=infrastructure.mongo_uri,
        mongodb_database_prefix=prefix,
        minsheng_state=state,
        rate_limits="off",
    )
    app = bootstrap(settings, group=f"intake-web-{prefix}")
    transport = httpx2.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url=intake.WEB) as client,
        asyncio.timeout(None) as patience,
    ):
        patience.reschedule(asyncio.get_running_loop().time() + READY_S)
        while (await client.get("/health/ready")).status_code != 200:
            await asyncio.sleep(0.1)
        patience.reschedule(None)
        yield client
