"""No more recordings are in the engine than it has decoders."""

from __future__ import annotations

import asyncio

import numpy as np

from intake_media.adapters.engine_slots import EngineSlots
from intake_media.domain.sound import Samples
from intake_media.domain.transcript import Transcript
from intake_media.ports.speech import Heard


class Engine:
    def __init__(self) -> None:
        self.inside = self.most = 0

    async def transcribe(
        self, samples: Samples, *, deadline_s: float, flags: tuple[str, ...] = (), progress: Heard | None = None
    ) -> Transcript:
        self.inside += 1
        self.most = max(self.most, self.inside)
        await asyncio.sleep(0)
        self.inside -= 1
        return Transcript(verdict="clear", reasons=flags)


async def test_the_others_wait_before_the_engine() -> None:
    engine = Engine()
    slots = EngineSlots(engine, 2)
    sound = np.zeros(10, np.float32)
    said = await asyncio.gather(*(slots.transcribe(sound, deadline_s=1, flags=(str(n),)) for n in range(6)))
    assert engine.most == 2
    assert [one.reasons for one in said] == [(str(n),) for n in range(6)]
