"""A broker and a database that a test may kill, freeze, fill and cut off, since nobody else uses them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from minsheng import kafka, mongo
from minsheng.control import Running, supervisor
from minsheng.places import Places
from tests.support.infrastructure import Infrastructure, free_offset, minsheng

LOG_SIZE = "192m"
# A second listener whose address is a proxy's; offsets of idle groups that are forgotten after a minute; small
# indexes, since the log lies on a small disk (each partition sets its indexes' whole size aside).
PROPERTIES = """\
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller},PROXIED://127.0.0.1:{hidden}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},PROXIED://127.0.0.1:{proxy}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT
offsets.retention.minutes=1
offsets.retention.check.interval.ms=2000
log.index.size.max.bytes=65536
"""


@dataclass(frozen=True, kw_only=True)
class Fragile:
    """Kafka and Mongo under a supervisor of their own."""

    infrastructure: Infrastructure
    places: Places
    kafka_hidden_port: int
    """Where a proxy finds Kafka …"""
    kafka_proxy_port: int
    """… and where clients will look for it when they asked the proxy."""
    log_on_tmpfs: bool

    def behind_proxy(self, *, kafka: bool = True, mongo_port: int | None = None) -> Infrastructure:
        """The same, but reached through proxies."""
        near = self.infrastructure
        through = f"mongodb://127.0.0.1:{mongo_port}/?retryWrites=false&directConnection=true"
        return replace(
            near,
            kafka=f"127.0.0.1:{self.kafka_proxy_port}" if kafka else near.kafka,
            mongo_uri=near.mongo_uri if mongo_port is None else through,
        )

    def pids(self, name: str) -> list[int]:
        with supervisor(Running.load(self.places).endpoint) as control:
            return control.pids(name)

    def kill(self, name: str) -> None:
        """SIGKILL; the supervisor starts it again."""
        for pid in self.pids(name):
            os.kill(pid, signal.SIGKILL)

    def stop(self, name: str) -> None:
        """Killed, and kept down."""
        self.kill(name)
        with supervisor(Running.load(self.places).endpoint) as control:
            control.stop(name)

    def start(self, name: str) -> None:
        with supervisor(Running.load(self.places).endpoint) as control:
            control.start(name)

    async def answering(self, name: str, *, seconds: float = 90) -> None:
        """Until it serves clients (again)."""
        async with asyncio.timeout(seconds):
            while True:
                asked = kafka.answers(self.places.kafka, None) if name == "kafka" else mongo.answers(self.places.mongo)
                if await asked is None:
                    return
                await asyncio.sleep(0.3)

    @contextlib.contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """SIGSTOP for the length of the block: a machine that hangs."""
        pids = self.pids(name)
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    @property
    def log_folder(self) -> Path:
        return self.places.state / "kafka" / "data"


def can_mount() -> bool:
    """Whether small file systems can be made here (needs root and the right to mount)."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        return False
    probe = Path(f"/tmp/minsheng-mount-{uuid.uuid4().hex[:8]}")
    probe.mkdir()
    try:
        return mount(probe, "1m") and unmount(probe)
    finally:
        probe.rmdir()


def mount(folder: Path, size: str, *, again: bool = False) -> bool:
    """A tmpfs of this size at `folder`; `again` changes the size of the one that is there."""
    options = f"remount,size={size}" if again else f"size={size}"
    return subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=False).returncode == 0


def unmount(folder: Path) -> bool:
    return subprocess.run(["umount", "-l", str(folder)], check=False).returncode == 0


@pytest.fixture(scope="session")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fragile]:
    """One for the session; a test leaves it as it found it: running, reachable, with room."""
    state = tmp_path_factory.mktemp("fragile")
    env = {
        "MINSHENG_STATE": str(state),
        "MINSHENG_PORT_OFFSET": str(free_offset()),
        "KAFKA_BOOTSTRAP_SERVERS": "",
        "MONGODB_URI": "",
    }
    places = Places.from_environment(env)
    hidden, proxy = places.ports["KAFKA_CONTROLLER_PORT"] + 1, places.ports["KAFKA_CONTROLLER_PORT"] + 2
    env["KAFKA_EXTRA_PROPERTIES"] = PROPERTIES.format(
        port=places.ports["KAFKA_PORT"], controller=places.ports["KAFKA_CONTROLLER_PORT"], hidden=hidden, proxy=proxy
    )
    log = places.folder("kafka/data")
    on_tmpfs = can_mount() and mount(log, LOG_SIZE)
    try:
        up = minsheng("up", "--detach", "--only", "kafka,mongo,mail-sink", env=env)
        if up.returncode != 0:
            pytest.fail(f"no stack of one's own:\n{up.stdout}\n{up.stderr}")
        yield Fragile(
            infrastructure=Infrastructure(
                kafka=places.kafka,
                mongo_uri=places.mongo,
                smtp_host=places.host,
                smtp_port=places.ports["MAIL_SMTP_PORT"],
                inbox_url=places.url("MAIL_INBOX_PORT"),
                state=state,
            ),
            places=places,
            kafka_hidden_port=hidden,
            kafka_proxy_port=proxy,
            log_on_tmpfs=on_tmpfs,
        )
    finally:
        minsheng("down", env=env)
        if on_tmpfs:
            unmount(log)
