"""As many recordings in the engine as it takes; more wait before it, where no deadline runs yet."""

from __future__ import annotations

import asyncio

from intake_media.domain.sound import Samples
from intake_media.domain.transcript import Transcript
from intake_media.ports.speech import Heard, Transcriber


class EngineSlots:
    """The `Transcriber` port before another one, for `count` at a time."""

    def __init__(self, inner: Transcriber, count: int) -> None:
        self._inner = inner
        self._free = asyncio.Semaphore(count)

    async def transcribe(
        self, samples: Samples, *, deadline_s: float, flags: tuple[str, ...] = (), progress: Heard | None = None
    ) -> Transcript:
        """As the inner one, once a slot is free."""
        async with self._free:
            return await self._inner.transcribe(samples, deadline_s=deadline_s, flags=flags, progress=progress)
