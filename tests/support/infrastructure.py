"""Session fixtures: a real Kafka, a real Mongo-protocol server, a real SMTP sink, started once, on ports of their own.

Given `KAFKA_BOOTSTRAP_SERVERS` and `MONGODB_URI`, those are used instead (the same tests run against a real MongoDB).
"""

from __future__ import annotations

import contextlib
import os
import random
import socket
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.messaging.connection import KafkaConnection
from shared.storage.mongo import Mongo

OFFSETS = range(1500, 5600, 37)  # below the ports that the kernel lends out


@dataclass(frozen=True, kw_only=True)
class Infrastructure:
    """Addresses of what the tests share."""

    kafka: str
    mongo_uri: str
    smtp_host: str
    smtp_port: int
    inbox_url: str
    state: Path

    def connection(self, client_id: str = "tests") -> KafkaConnection:
        return KafkaConnection(bootstrap_servers=self.kafka, client_id=client_id)

    def env(self) -> dict[str, str]:
        """What a process of ours needs in its environment to use this infrastructure."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka,
            "MONGODB_URI": self.mongo_uri,
            "SMTP_HOST": self.smtp_host,
            "SMTP_PORT": str(self.smtp_port),
        }


def free_offset() -> int:
    """A port offset at which none of the stack's ports is taken."""
    # at random, so that two sessions that start together rarely want the same
    for offset in random.sample(OFFSETS, len(OFFSETS)):
        try:
            with contextlib.ExitStack() as stack:
                for port in (8025, 8080, 8081, 8082, 8083, 8084, 19092, 19093, 27117):
                    listener = stack.enter_context(socket.socket())
                    listener.bind(("127.0.0.1", port + offset))
        except OSError:
            continue
        return offset
    raise RuntimeError("no free ports for the test stack")


def minsheng(*words: str, env: dict[str, str], timeout: float = 240) -> subprocess.CompletedProcess[str]:
    """Run the command line as a person would."""
    return subprocess.run(
        [str(Path(sys.executable).with_name("minsheng")), *words],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@pytest.fixture(scope="session")
def infrastructure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Infrastructure]:
    """Kafka, Mongo and the mail sink; stopped when the session ends."""
    state = tmp_path_factory.mktemp("stack")
    env = {"MINSHENG_STATE": str(state), "MINSHENG_PORT_OFFSET": str(free_offset())}
    started = minsheng("up", "--detach", "--only", "kafka,mongo,mail-sink", env=env)
    if started.returncode != 0:
        pytest.fail(f"the test infrastructure did not start:\n{started.stdout}\n{started.stderr}")
    try:
        offset = int(env["MINSHENG_PORT_OFFSET"])
        yield Infrastructure(
            kafka=os.environ.get("KAFKA_BOOTSTRAP_SERVERS") or f"127.0.0.1:{19092 + offset}",
            mongo_uri=os.environ.get("MONGODB_URI") or f"mongodb://127.0.0.1:{27117 + offset}/?retryWrites=false",
            smtp_host="127.0.0.1",
            smtp_port=8025 + offset,
            inbox_url=f"http://127.0.0.1:{8084 + offset}",
            state=state,
        )
    finally:
        minsheng("down", env=env)


@pytest.fixture
async def mongo(infrastructure: Infrastructure) -> AsyncIterator[Mongo]:
    """A client whose databases are this test's own."""
    client = Mongo(infrastructure.mongo_uri, prefix=f"t{uuid.uuid4().hex[:8]}_")
    yield client
    client.close()
