"""Starts the transcribing process and waits until its model is loaded."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import Process

from intake_media.adapters.engines import EngineOptions
from intake_media.adapters.sandbox import kill_group, without_network
from shared.errors import PermanentError, TransientError

_LINE = 32 * 1024 * 1024
_START_S = 120.0


async def launched(options: EngineOptions, *, memory_bytes: int) -> Process:
    """A `transcriber_child` that takes jobs. PermanentError where weights or engine are missing, else TransientError.

    Memory 0 = unlimited. Where it fails, or is cancelled, no process is left.
    """
    process = await asyncio.create_subprocess_exec(
        *without_network(),
        sys.executable,
        "-m",
        "intake_media.adapters.transcriber_child",
        options.model_dump_json(),
        str(memory_bytes),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        # One thread a decoder: OpenMP's and BLAS's own pools only fight it for the cores.
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"},
        start_new_session=True,
        limit=_LINE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(_START_S):
            line = await process.stdout.readline()
    except TimeoutError:
        await _ended(process)
        raise TransientError("the model did not load in time", code="transcriber-timeout") from None
    except asyncio.CancelledError:
        await _ended(process)
        raise
    said = json.loads(line) if line else {}
    if not said.get("ready"):
        await _ended(process)
        if "code" in said:
            raise PermanentError(said["error"], code=said["code"])
        raise TransientError("the transcribing process could not start", code="transcriber-crashed")
    return process


def kill(process: Process) -> None:
    """At once, with all that it started; nothing where it has ended."""
    # Not `process.kill()`: it may reap the child under asyncio's own watcher.
    if process.returncode is None:
        kill_group(process.pid)


async def _ended(process: Process) -> None:
    kill(process)
    await process.wait()
