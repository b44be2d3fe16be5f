"""Whisper in a child process: a hang, a crash or a lack of memory there costs one job, never the worker."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import Process
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from intake_media.adapters.engines import EngineOptions
from intake_media.adapters.sandbox import kill_group, without_network
from intake_media.domain.sound import Samples
from intake_media.domain.transcript import Transcript
from intake_media.ports.speech import Heard
from shared.errors import PermanentError, TransientError

_LINE = 32 * 1024 * 1024
_START_S = 120.0


class _ChildGone(Exception):
    """The child ended while the job was with it."""


@dataclass
class _Child:
    process: Process
    waiting: dict[int, asyncio.Future[dict[str, Any]]] = field(default_factory=dict)
    progress: dict[int, Heard] = field(default_factory=dict)
    reader: asyncio.Task[None] | None = None


class TranscriberProcess:
    """The `Transcriber` port over one long-lived child; start it lazily, `close` it. Memory 0 = unlimited."""

    def __init__(self, options: EngineOptions, *, memory_bytes: int = 6 * 1024**3) -> None:
        self._options = options
        self._memory_bytes = memory_bytes
        self._child: _Child | None = None
        self._starting = asyncio.Lock()
        self._sending = asyncio.Lock()
        self._next = 0
        self.starts = 0
        """How often a child was started; more than once means that one was lost."""

    @property
    def pid(self) -> int | None:
        """Of the running child."""
        return self._child.process.pid if self._child else None

    async def start(self) -> None:
        """Loads the model now instead of with the first job. PermanentError where weights or engine are missing."""
        await self._running()

    async def transcribe(
        self, samples: Samples, *, deadline_s: float, flags: tuple[str, ...] = (), progress: Heard | None = None
    ) -> Transcript:
        """Within `deadline_s`, or TransientError `transcriber-timeout`. A lost child is replaced once.

        TransientError `transcriber-crashed` when the child died twice with this job in it, `transcriber-failed` when
        the job raised in there.
        """
        raw = np.clip(np.rint(samples * 32768.0), -32768, 32767).astype("<i2").tobytes()  # exact for decoded sound
        for _ in range(2):
            try:
                answer = await self._ask(raw, flags, deadline_s, progress)
            except _ChildGone:
                continue
            if "error" in answer:
                raise TransientError(f"transcribing failed: {answer['error']}", code="transcriber-failed")
            return Transcript.model_validate(answer["transcript"])
        raise TransientError("the transcribing process died twice", code="transcriber-crashed")

    async def close(self) -> None:
        """Ends the child at once; jobs in it fail."""
        await self._discard(self._child)

    async def _ask(
        self, raw: bytes, flags: tuple[str, ...], deadline_s: float, progress: Heard | None
    ) -> dict[str, Any]:
        child = await self._running()
        self._next += 1
        number = self._next
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        child.waiting[number] = answer
        if progress is not None:
            child.progress[number] = progress
        job = json.dumps({"id": number, "bytes": len(raw), "flags": list(flags)}).encode() + b"\n" + raw
        try:
            async with asyncio.timeout(deadline_s):
                # One writer at a time, or two jobs' bytes would mingle.
                async with self._sending:
                    await self._send(child, job)
                return await answer
        except TimeoutError:
            child.waiting.pop(number, None)
            await self._discard(child)
            raise TransientError("transcribing took too long", code="transcriber-timeout") from None
        except asyncio.CancelledError:
            # Nobody wants the answer, but native code can't be interrupted otherwise.
            child.waiting.pop(number, None)
            await self._discard(child)
            raise
        finally:
            child.waiting.pop(number, None)
            child.progress.pop(number, None)

    @staticmethod
    async def _send(child: _Child, job: bytes) -> None:
        assert child.process.stdin is not None
        try:
            child.process.stdin.write(job)
            await child.process.stdin.drain()
        except (ConnectionError, RuntimeError) as error:
            raise _ChildGone from error

    async def _running(self) -> _Child:
        async with self._starting:
            child = self._child
            if child is not None and child.process.returncode is None:
                return child
            self._child = await self._started()
            return self._child

    async def _started(self) -> _Child:
        self.starts += 1
        process = await asyncio.create_subprocess_exec(
            *without_network(),
            sys.executable,
            "-m",
            "intake_media.adapters.transcriber_child",
            self._options.model_dump_json(),
            str(self._memory_bytes),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            # One thread a decoder: OpenMP's and BLAS's own pools only fight it for the cores.
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
            limit=_LINE,
        )
        child = _Child(process)
        assert process.stdout is not None
        try:
            async with asyncio.timeout(_START_S):
                line = await process.stdout.readline()
        except TimeoutError:
            await self._discard(child)
            raise TransientError("the model did not load in time", code="transcriber-timeout") from None
        except asyncio.CancelledError:
            await self._discard(child)
            raise
        said = json.loads(line) if line else {}
        if not said.get("ready"):
            await self._discard(child)
            if "code" in said:
                raise PermanentError(said["error"], code=said["code"])
            raise TransientError("the transcribing process could not start", code="transcriber-crashed")
        child.reader = asyncio.create_task(self._collect(child))
        return child

    async def _collect(self, child: _Child) -> None:
        assert child.process.stdout is not None
        try:
            while line := await child.process.stdout.readline():
                answer = json.loads(line)
                if "heard" in answer:
                    if (told := child.progress.get(answer["id"])) is not None:
                        told(*answer["heard"])
                    continue
                waiting = child.waiting.get(answer["id"])
                if waiting is not None and not waiting.done():
                    waiting.set_result(answer)
        except ValueError:
            pass  # Not one of our lines: treated like an end.
        finally:
            if self._child is child:
                self._child = None
            _kill(child.process)
            for waiting in child.waiting.values():
                if not waiting.done():
                    waiting.set_exception(_ChildGone())

    async def _discard(self, child: _Child | None) -> None:
        if child is None:
            return
        if self._child is child:
            self._child = None
        _kill(child.process)
        await child.process.wait()
        if child.reader is not None:
            await asyncio.wait([child.reader], timeout=5)


def _kill(process: Process) -> None:
    # Not `process.kill()`: it may reap the child under asyncio's own watcher.
    if process.returncode is None:
        kill_group(process.pid)
