"""Starts the process that reads uploads: isolated, with an empty environment, its jobs coming through a socket."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import socket
import sys
from asyncio.subprocess import Process
from pathlib import Path

from intake_media.adapters.sandbox import without_network
from shared.errors import PermanentError


async def launched(jobs: str) -> tuple[Process, socket.socket]:
    """`jobs`: the module whose `run` a fork calls. The environment is empty; no network where that is permitted."""
    ours, theirs = socket.socketpair()
    given = {"owner": os.getpid(), "paths": [_home(jobs), _home("av")], "jobs": jobs}
    with theirs:
        process = await asyncio.create_subprocess_exec(
            *without_network(),
            # Isolated and without site: it imports libav, and of ours three modules that import nothing else.
            *(sys.executable, "-I", "-S", str(Path(__file__).with_name("reader_child.py")), json.dumps(given)),
            # Every symbol bound before the first fork, or each fork would bind them again.
            env={"PATH": os.defpath, "LC_ALL": "C", "LD_BIND_NOW": "1"},
            cwd="/",
            stdin=theirs.fileno(),
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    ours.setblocking(False)
    return process, ours


def _home(module: str) -> str:
    """The folder that a module's package is imported from; the module is not imported here."""
    found = importlib.util.find_spec(module)
    if found is None or found.origin is None:
        raise PermanentError(f"{module} is not installed", code="reader-missing")
    return str(Path(found.origin).parents[module.count(".") + bool(found.submodule_search_locations)])
