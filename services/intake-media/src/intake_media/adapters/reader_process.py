"""Our end of the process that reads uploads: jobs go with their open files through a socket, answers come as lines."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import time
from asyncio.subprocess import Process
from collections.abc import Mapping
from pathlib import Path

from intake_media.adapters.reader_launcher import launched
from intake_media.adapters.reader_order import order_line
from intake_media.adapters.sandbox import Limits, Outcome, keep, kill_group

_PATIENCE_S = 2.0
_COMPLAINTS = 64 * 1024


class ReaderGone(Exception):
    """The process ended, or stopped answering, while the job was with it."""


class ReaderProcess:
    """One started process (see `reader_child`); it lives until `end`, or as long as we do."""

    def __init__(self, process: Process, jobs: socket.socket) -> None:
        self._process, self._jobs = process, jobs
        self._waiting: dict[int, asyncio.Future[int | None]] = {}
        self._next = 0
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def start(cls, jobs: str) -> ReaderProcess:
        """`jobs`: the module whose `run` a fork calls."""
        return cls(*await launched(jobs))

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def gone(self) -> bool:
        """Whether it can take no job any more."""
        return self._listening.done()

    async def run(self, job: Mapping[str, object], path: Path, limits: Limits, *, directory: Path) -> Outcome:
        """One job in a fork of its own, or ReaderGone. Beyond the wall clock, or cancelled, its group is killed."""
        started, timed_out = time.monotonic(), False
        ended: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        with contextlib.ExitStack() as ours:
            with contextlib.ExitStack() as theirs:
                fds = [os.open(path, os.O_RDONLY | os.O_CLOEXEC)]
                theirs.callback(os.close, fds[0])
                out = await _kept(limits.output_bytes, fds, ours, theirs)
                err = await _kept(_COMPLAINTS, fds, ours, theirs)
                number = self._send(job, fds, limits, directory, ended)
            try:
                await asyncio.wait([ended], timeout=limits.wall_s)
                timed_out = not ended.done()
            finally:
                if not ended.done():
                    await self._kill(number, ended)
                self._waiting.pop(number, None)
            # What the job started in a session of its own may hold the pipes open: wait for it only a moment.
            await asyncio.wait([out, err], timeout=_PATIENCE_S)
        code = ended.result() if ended.done() else None
        if code is None:
            raise ReaderGone  # Or it did not even kill: the file is not to blame.
        said, complained = (task.result() if task.done() and not task.cancelled() else b"" for task in (out, err))
        return Outcome(code, said, complained, timed_out, time.monotonic() - started)

    async def end(self) -> None:
        """Ends it, and all jobs in it, at once."""
        if self._process.returncode is None:
            kill_group(self._process.pid)
        await self._process.wait()
        await asyncio.wait([self._listening], timeout=_PATIENCE_S)
        self._jobs.close()

    def _send(
        self,
        job: Mapping[str, object],
        fds: list[int],
        limits: Limits,
        directory: Path,
        ended: asyncio.Future[int | None],
    ) -> int:
        self._next += 1
        line = order_line(self._next, job, limits, directory=directory)
        if self.gone:
            raise ReaderGone
        self._waiting[self._next] = ended
        try:
            sent = socket.send_fds(self._jobs, [line], fds)
        except OSError as error:
            raise ReaderGone from error
        if sent != len(line):
            raise ReaderGone  # It has not read for hundreds of jobs.
        return self._next

    async def _kill(self, number: int, ended: asyncio.Future[int | None]) -> None:
        # By the process itself, which alone knows that the pid is still this job's.
        with contextlib.suppress(OSError):  # gone: the wait below ends it for good
            self._jobs.send(json.dumps({"kill": number}).encode() + b"\n")
        await asyncio.wait([ended], timeout=_PATIENCE_S)
        if not ended.done():
            await self.end()

    async def _listen(self) -> None:
        assert self._process.stdout is not None
        try:
            async for line in self._process.stdout:
                answer = json.loads(line)
                waiting = self._waiting.get(answer["job"])
                if waiting is not None and not waiting.done():
                    waiting.set_result(answer["exit"])
        finally:
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_result(None)


async def _kept(
    most: int, fds: list[int], ours: contextlib.ExitStack, theirs: contextlib.ExitStack
) -> asyncio.Task[bytes]:
    """Reads a new pipe to its end; its other end is added to `fds`."""
    end, their = os.pipe()
    fds.append(their)
    theirs.callback(os.close, their)
    stream = asyncio.StreamReader()
    pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(end, "rb", buffering=0)
    )
    ours.callback(pipe.close)
    reading = asyncio.create_task(keep(stream, most))
    ours.callback(reading.cancel)
    return reading
