"""What the campaign plays on: broker and database as one stack, the services as another, and between the two a
network and two small disks that may be broken. Clients and checker go straight to the broker."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from minsheng.places import Places
from tests.chaos.network import Link, Network
from tests.support.fragile import can_mount, mount, unmount
from tests.support.infrastructure import free_offset, minsheng

ROOM = {"uploads-disk": 256 * 2**20, "kafka-disk": 2**30}
"""Bytes of each small file system (memory is taken only for what is stored)."""
# The services find the broker on a listener whose address is the proxy's, so none finds a way around it. Small
# indexes, since each partition sets its indexes' whole size aside on the small disk.
PROPERTIES = """\
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller},PROXIED://127.0.0.1:{hidden}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},PROXIED://127.0.0.1:{proxy}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT
log.index.size.max.bytes=65536
"""


class CannotPlay(RuntimeError):
    """The stacks did not come up; holds what they said."""


class Disk:
    """A small file system that can be full; without the right to mount it is none, and is never full."""

    def __init__(self, folder: Path, size: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._size = folder, size
        self.mounted = False

    def mount(self) -> bool:
        self.mounted = mount(self._folder, str(self._size))
        return self.mounted

    def fill(self) -> None:
        """Not a byte is left: the file system shrinks to what is on it (which may grow while we look)."""
        for _ in range(20):
            if mount(self._folder, str(shutil.disk_usage(self._folder).used or 4096), again=True):
                return
        raise RuntimeError(f"{self._folder} could not be filled")

    def empty(self) -> None:
        """There is room again."""
        mount(self._folder, str(self._size), again=True)

    def unmount(self) -> None:
        if self.mounted:
            unmount(self._folder)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Two running stacks and what lies between them."""

    ground: Places
    """Kafka and Mongo."""
    house: Places
    """All else; knows the ground only through the links."""
    env: dict[str, str]
    """Of the house, for `minsheng`."""
    plan: Path
    """Where a file `<process>.<crash point>` arms that point."""
    network: Network
    disks: dict[str, Disk]

    def home(self, target: str) -> Places:
        """The stack whose supervisor runs this process."""
        return self.ground if target in ("kafka", "mongo") else self.house


async def _up(env: dict[str, str], *words: str) -> None:
    started = await asyncio.to_thread(minsheng, "up", "--detach", *words, env=env)
    if started.returncode != 0:
        raise CannotPlay(f"{started.stdout}\n{started.stderr}")


async def _down(env: dict[str, str]) -> None:
    with contextlib.suppress(Exception):  # the rest must be cleared away too
        await asyncio.to_thread(minsheng, "down", env=env)


@contextlib.asynccontextmanager
async def stage(folder: Path) -> AsyncIterator[Stage]:
    """Built up in `folder`, and cleared away at the end."""
    plan = folder / "plan"
    plan.mkdir()
    offset = str(free_offset())
    ground_env = {"MINSHENG_STATE": str(folder / "ground"), "MINSHENG_PORT_OFFSET": offset}
    ground_env |= {"KAFKA_BOOTSTRAP_SERVERS": "", "MONGODB_URI": "", "SECURE": "0"}
    ground = Places.from_environment(ground_env)
    kafka, mongo = ground.ports["KAFKA_CONTROLLER_PORT"] + 2, ground.ports["MONGO_PORT"] + 1
    hidden = ground.ports["KAFKA_CONTROLLER_PORT"] + 1
    ground_env["KAFKA_EXTRA_PROPERTIES"] = PROPERTIES.format(
        port=ground.ports["KAFKA_PORT"], controller=ground.ports["KAFKA_CONTROLLER_PORT"], hidden=hidden, proxy=kafka
    )
    media = folder / "media"
    env = {
        "MINSHENG_STATE": str(folder / "house"),
        "MINSHENG_PORT_OFFSET": offset,
        "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{kafka}",
        "MONGODB_URI": f"mongodb://127.0.0.1:{mongo}/?retryWrites=false&w=majority&journal=true&directConnection=true",
        "BLOB_URL": (media / "blobs").as_uri(),
        "RATE_LIMITS": "off",
        "CRASH_PLAN": str(plan),
        "TRANSCRIBER_FACTORY": "tests.support.transcribers:echo",
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        "LOG_LEVEL": "WARNING",
        "SECURE": "0",
    }
    house = Places.from_environment(env)
    places = {"uploads-disk": media, "kafka-disk": ground.folder("kafka/data")}
    disks = {name: Disk(place, ROOM[name]) for name, place in places.items()}
    async with contextlib.AsyncExitStack() as cleared:
        if await asyncio.to_thread(can_mount):
            for disk in disks.values():
                disk.mount()
                cleared.callback(disk.unmount)
        for room in ("uploads", "blobs"):
            (media / room).mkdir()
        house.state.mkdir()
        (house.state / "uploads").symlink_to(media / "uploads")
        cleared.push_async_callback(_down, ground_env)
        await _up(ground_env, "--only", "kafka,mongo")
        network = await Network.start(
            [Link("kafka-link", kafka, hidden), Link("mongo-link", mongo, ground.ports["MONGO_PORT"])]
        )
        cleared.push_async_callback(network.stop)
        cleared.push_async_callback(_down, env)
        await _up(env)
        yield Stage(
            ground=ground,
            house=house,
            env=env,
            plan=plan,
            network=network,
            disks={name: disk for name, disk in disks.items() if disk.mounted},
        )
