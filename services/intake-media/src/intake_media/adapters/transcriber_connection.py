"""Our end of one started transcribing process: jobs go in by number, their answers and progress come back by it."""

from __future__ import annotations

import asyncio
import json
from asyncio.subprocess import Process
from typing import Any

from intake_media.adapters.transcriber_launcher import kill
from intake_media.ports.speech import Heard
from shared.errors import TransientError


class ChildGone(Exception):
    """The child ended while the job was with it."""


class TranscriberConnection:
    """To a launched `transcriber_child`; it lives until `end`, a deadline that passed, or as long as we do."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._progress: dict[int, Heard] = {}
        self._sending = asyncio.Lock()
        self._next = 0
        self._ended = False
        self._reader = asyncio.create_task(self._collect())

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def gone(self) -> bool:
        """Whether it can take no job any more."""
        return self._ended or self._process.returncode is not None

    async def ask(
        self, raw: bytes, flags: tuple[str, ...], deadline_s: float, progress: Heard | None
    ) -> dict[str, Any]:
        """The child's answer, or ChildGone. Past the deadline (TransientError), or cancelled, the child is ended."""
        self._next += 1
        number = self._next
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        if progress is not None:
            self._progress[number] = progress
        job = json.dumps({"id": number, "bytes": len(raw), "flags": list(flags)}).encode() + b"\n" + raw
        try:
            async with asyncio.timeout(deadline_s):
                # One writer at a time, or two jobs' bytes would mingle.
                async with self._sending:
                    await self._send(job)
                return await answer
        except TimeoutError:
            self._waiting.pop(number, None)
            await self.end()
            raise TransientError("transcribing took too long", code="transcriber-timeout") from None
        except asyncio.CancelledError:
            # Nobody wants the answer, but native code can't be interrupted otherwise.
            self._waiting.pop(number, None)
            await self.end()
            raise
        finally:
            self._waiting.pop(number, None)
            self._progress.pop(number, None)

    async def end(self) -> None:
        """At once; jobs in it fail."""
        self._ended = True
        kill(self._process)
        await self._process.wait()
        await asyncio.wait([self._reader], timeout=5)

    async def _send(self, job: bytes) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(job)
            await self._process.stdin.drain()
        except (ConnectionError, RuntimeError) as error:
            raise ChildGone from error

    async def _collect(self) -> None:
        assert self._process.stdout is not None
        try:
            while line := await self._process.stdout.readline():
                answer = json.loads(line)
                if "heard" in answer:
                    if (told := self._progress.get(answer["id"])) is not None:
                        told(*answer["heard"])
                    continue
                waiting = self._waiting.get(answer["id"])
                if waiting is not None and not waiting.done():
                    waiting.set_result(answer)
        except ValueError:
            pass  # Not one of our lines: treated like an end.
        finally:
            self._ended = True
            kill(self._process)
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(ChildGone())
