"""Runs a foreign program on hostile input: bounded, without network, killed with all that it started."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_MIB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """Ceilings of one run; the wall clock kills the process group, the rest are the kernel's rlimits."""

    wall_s: float = 60.0
    cpu_s: int = 20
    memory_bytes: int = 1024 * _MIB
    file_bytes: int = 256 * _MIB
    output_bytes: int = 64 * 1024
    """What is kept of stdout (of a program: and of stderr); the rest is read and thrown away."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended. `exit_code` is negative for a signal, as in `subprocess`."""

    exit_code: int
    stdout: bytes
    stderr: bytes
    timed_out: bool
    wall_s: float

    @property
    def hit_a_limit(self) -> bool:
        """Killed by the wall clock or by a signal (CPU, file size, or a crash on what it was fed)."""
        return self.timed_out or self.exit_code < 0 or self.exit_code in {137, 152, 153}


class Sandbox:
    """Runs programs in private directories under `room` (default: the system's temporary directory)."""

    def __init__(self, room: Path | None = None) -> None:
        self._room = room
        if room is not None:
            room.mkdir(parents=True, exist_ok=True)

    @contextlib.contextmanager
    def private_directory(self) -> Iterator[Path]:
        """A fresh directory (mode 0700) with an opaque name and no siblings of ours in it; removed afterwards."""
        with tempfile.TemporaryDirectory(prefix="job-", dir=self._room, ignore_cleanup_errors=True) as name:
            yield Path(name).resolve()

    @property
    def network_isolated(self) -> bool:
        """Whether runs have no network at all here (needs Linux, and root or user namespaces)."""
        return bool(without_network())

    async def run(self, argv: Sequence[str], limits: Limits, *, directory: Path) -> Outcome:
        """Runs `argv` in `directory` with an empty environment. Never raises for what the program does.

        FileNotFoundError when the program is missing. Cancelling this coroutine kills the program too.
        """
        started = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            *_wrapped(argv, limits),
            cwd=directory,
            env=_environment(directory),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        kept = [asyncio.create_task(keep(stream, limits.output_bytes)) for stream in (process.stdout, process.stderr)]
        timed_out = False
        try:
            await asyncio.wait_for(process.wait(), limits.wall_s)
        except TimeoutError:
            timed_out = True
        finally:
            kill_group(process.pid)
            # A grandchild in a session of its own may hold the pipes open: wait for them only a moment.
            await asyncio.wait(kept, timeout=2.0)
            for task in kept:
                task.cancel()
            await process.wait()
        out, err = (task.result() if task.done() and not task.cancelled() else b"" for task in kept)
        code = process.returncode if process.returncode is not None else -signal.SIGKILL
        return Outcome(code, out, err, timed_out, time.monotonic() - started)


async def keep(stream: asyncio.StreamReader, limit: int) -> bytes:
    """The first `limit` bytes of a stream that is read to its end."""
    held = bytearray()
    while piece := await stream.read(65536):
        held += piece[: max(0, limit - len(held))]
    return bytes(held)


def kill_group(pid: int) -> None:
    """A process that leads a group, and all that it started; nothing where it has ended."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _environment(directory: Path) -> dict[str, str]:
    return {"PATH": os.defpath, "LC_ALL": "C", "HOME": str(directory), "TMPDIR": str(directory)}


def _wrapped(argv: Sequence[str], limits: Limits) -> list[str]:
    setpriv, prlimit = shutil.which("setpriv"), shutil.which("prlimit")
    if setpriv and prlimit:
        return [
            *without_network(),
            prlimit,
            f"--as={limits.memory_bytes}",
            f"--cpu={limits.cpu_s}:{limits.cpu_s + 1}",
            f"--fsize={limits.file_bytes}",
            "--core=0",
            "--nofile=256",
            setpriv,
            # After the namespace: a change of credentials would clear the death signal again.
            "--pdeathsig=KILL",
            "--no-new-privs",
            *argv,
        ]
    launcher = Path(__file__).with_name("sandbox_launcher.py")
    given = {"as": limits.memory_bytes, "cpu": limits.cpu_s, "fsize": limits.file_bytes, "parent": os.getpid()}
    return [*without_network(), sys.executable, "-I", "-S", str(launcher), json.dumps(given), *argv]


@functools.cache
def without_network() -> tuple[str, ...]:
    """The first way to run without network that this machine permits; empty where none does."""
    unshare = shutil.which("unshare")
    for flags in (("--net",), ("--net", "--map-root-user")) if unshare else ():
        command = (str(unshare), *flags)
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):  # this way is not open here
            if subprocess.run([*command, "true"], capture_output=True, timeout=10, check=False).returncode == 0:
                return command
    return ()
