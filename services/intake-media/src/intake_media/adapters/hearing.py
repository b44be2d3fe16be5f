"""How one stretch of sound becomes a text: read, again where that looks wrong, in parts where speech is left out."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

from intake_media.domain import gate
from intake_media.domain.choice import Weights, choose
from intake_media.domain.coverage import unheard
from intake_media.domain.language_model import CharacterModel
from intake_media.domain.pauses import carried, settled, with_pauses
from intake_media.domain.punctuation import full_width
from intake_media.domain.second_hearing import says_more, worth_a_retry, worth_hearing_in_parts
from intake_media.domain.sound import RATE_HZ, Samples
from intake_media.domain.spoken_numbers import as_said
from intake_media.domain.windows import FULL_WINDOW_S, Chunk, parted, window_s
from intake_media.ports.speech import Script, SpeechEngine

Said = list[tuple[Chunk, gate.Heard]]
"""What was heard, stretch by stretch, in order."""


@dataclass
class Spent:
    """Seconds over all threads, and how often something was heard again."""

    detect: float = 0.0
    engine: float = 0.0
    choose: float = 0.0
    retries: int = 0


@dataclass(frozen=True)
class Hearing:
    """The engine, the choice among its hypotheses, and the guards. As safe to share as its engine."""

    engine: SpeechEngine
    script: Script
    language_model: CharacterModel | None
    beam: int
    tight: bool
    timed: bool
    weights: Weights = field(default_factory=Weights)

    def hear(self, samples: Samples, chunk: Chunk, spent: Spent) -> Said:
        """The chunk in one piece, or in parts that say more: Whisper ends where a voice changes, and who spoke next
        would be lost."""
        return self._completed(samples, chunk, self._hear(samples, chunk, spent), spent)

    def _completed(self, samples: Samples, chunk: Chunk, heard: gate.Heard, spent: Spent) -> Said:
        place = heard.unheard.from_s if heard.unheard else None
        parts = parted(chunk, place) if worth_hearing_in_parts(heard) else ()
        found = [(part, self._hear(samples, part, spent)) for part in parts]
        spent.retries += len(parts) // 2
        if not parts or not says_more([one for _, one in found], heard):
            return [(chunk, heard)]
        return [one for part, said in found for one in self._completed(samples, part, said, spent)]

    def _hear(self, samples: Samples, chunk: Chunk, spent: Spent) -> gate.Heard:
        part = samples[int(chunk.span.start_s * RATE_HZ) : math.ceil(chunk.span.end_s * RATE_HZ)]
        window = window_s(chunk.span.length_s, tight=self.tight)
        heard = self._read(part, chunk, window, spent)
        if window == FULL_WINDOW_S or not worth_a_retry(heard):
            return heard
        # A shortened window must never invent: where the text looks wrong, the window Whisper was trained on decides.
        spent.retries += 1
        again = self._read(part, chunk, FULL_WINDOW_S, spent)
        return again if len(gate.faults(again)) <= len(gate.faults(heard)) else heard

    def _read(self, part: Samples, chunk: Chunk, window: int, spent: Spent) -> gate.Heard:
        started = time.perf_counter()
        reading = self.engine.read(part, window_s=window, beam=self.beam, timed=self.timed)
        read = time.perf_counter()
        hypotheses = [type(one)(self.script.simplified(one.text), one.tokens, one.score) for one in reading.hypotheses]
        choice = choose(hypotheses, self.language_model, self.weights)
        spent.engine += read - started
        spent.choose += time.perf_counter() - read
        starts = tuple(chunk.span.start_s + start for start in reading.starts_s)
        text = as_said(full_width(choice.hypothesis.text))
        said = settled(carried(starts, hypotheses[0].text, text), chunk.speech)
        return gate.Heard(
            text=with_pauses(text, said, chunk.speech),
            score=choice.hypothesis.score,
            no_speech=reading.no_speech,
            speech_s=chunk.speech_s,
            chinese=reading.chinese,
            surprise=choice.surprise,
            alternatives=tuple(as_said(one.text) for one in hypotheses),
            starts_s=said,
            unheard=unheard(starts, chunk.speech),
        )
