"""Whisper in a child process: a hang, a crash or a lack of memory there costs one job, never the worker."""

from __future__ import annotations

import asyncio

import numpy as np

from intake_media.adapters.engines import EngineOptions
from intake_media.adapters.transcriber_connection import ChildGone, TranscriberConnection
from intake_media.adapters.transcriber_launcher import launched
from intake_media.domain.sound import Samples
from intake_media.domain.transcript import Transcript
from intake_media.ports.speech import Heard
from shared.errors import TransientError


class TranscriberProcess:
    """The `Transcriber` port over one long-lived child; start it lazily, `close` it. Memory 0 = unlimited."""

    def __init__(self, options: EngineOptions, *, memory_bytes: int = 6 * 1024**3) -> None:
        self._options = options
        self._memory_bytes = memory_bytes
        self._child: TranscriberConnection | None = None
        self._starting = asyncio.Lock()
        self.starts = 0
        """How often a child was started; more than once means that one was lost."""

    @property
    def pid(self) -> int | None:
        """Of the running child."""
        return None if self._child is None or self._child.gone else self._child.pid

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
            child = await self._running()
            try:
                answer = await child.ask(raw, flags, deadline_s, progress)
            except ChildGone:
                continue
            if "error" in answer:
                raise TransientError(f"transcribing failed: {answer['error']}", code="transcriber-failed")
            return Transcript.model_validate(answer["transcript"])
        raise TransientError("the transcribing process died twice", code="transcriber-crashed")

    async def close(self) -> None:
        """Ends the child at once; jobs in it fail."""
        child, self._child = self._child, None
        if child is not None:
            await child.end()

    async def _running(self) -> TranscriberConnection:
        async with self._starting:
            if self._child is None or self._child.gone:
                self.starts += 1
                process = await launched(self._options, memory_bytes=self._memory_bytes)
                self._child = TranscriberConnection(process)
            return self._child
