"""Looks into uploads by one small process that stays: no program is started for a note of six seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import structlog

from intake_media.adapters.libav_codes import CRASHED
from intake_media.adapters.reader_process import ReaderGone, ReaderProcess
from intake_media.adapters.sandbox import Limits, Outcome, Sandbox
from shared.errors import TransientError

_log = structlog.get_logger(__name__)


class MediaReader:
    """Runs the jobs of `libav_jobs`, any number side by side. The process starts with the first; `close` it."""

    def __init__(self, sandbox: Sandbox, *, jobs: str = "intake_media.adapters.libav_jobs") -> None:
        self._sandbox, self._jobs = sandbox, jobs
        self._process: ReaderProcess | None = None
        self._starting = asyncio.Lock()
        self.starts = 0
        """How often a process was started; more than once means that one was lost."""

    @property
    def pid(self) -> int | None:
        """Of the running process."""
        return self._process.pid if self._process else None

    async def run(self, job: Mapping[str, object], path: Path, limits: Limits) -> Outcome:
        """What the job wrote and how it ended. It gets the file at `path` already open, and no other; it writes none.

        FileNotFoundError where there is no such file; TransientError `reader-lost` where the process itself was lost
        twice, `reader-failed` where our own code failed in there (never blamed on the file unheard). Cancelling this
        coroutine kills the job.
        """
        for _ in range(2):
            process = await self._running()
            try:
                with self._sandbox.private_directory() as directory:
                    outcome = await process.run(job, path, limits, directory=directory)
            except ReaderGone:
                if self._process is process:
                    await self.close()
                continue
            if outcome.exit_code == CRASHED:
                kind = outcome.stderr.rstrip().rpartition(b"\n")[2].partition(b":")[0][:60].decode("ascii", "replace")
                _log.error("reading_failed_unexpectedly", kind=kind)
                raise TransientError(f"reading failed: {kind}", code="reader-failed")
            return outcome
        raise TransientError("the process that reads uploads was lost twice", code="reader-lost")

    async def close(self) -> None:
        """Ends the process and all jobs in it at once."""
        process, self._process = self._process, None
        if process is not None:
            await process.end()

    async def _running(self) -> ReaderProcess:
        async with self._starting:
            if self._process is None or self._process.gone:
                await self.close()
                self.starts += 1
                self._process = await ReaderProcess.start(self._jobs)
            return self._process
