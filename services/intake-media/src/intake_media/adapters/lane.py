"""The way of one recording through detection, engine, choice and gate; every worker, tool and bench takes it."""

from __future__ import annotations

import math
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import count

from intake_media.domain import gate
from intake_media.domain.choice import Weights, choose
from intake_media.domain.language_model import CharacterModel
from intake_media.domain.punctuation import full_width
from intake_media.domain.segments import segments
from intake_media.domain.sound import RATE_HZ, Samples
from intake_media.domain.transcript import Transcript
from intake_media.domain.windows import FULL_WINDOW_S, Chunk, chunks, window_s
from intake_media.ports import Heard, Script, SpeechDetector, SpeechEngine

LONG = 4
"""From so many chunks on somebody waits long enough to ask how far it is."""
LONG_BEAM = 10
"""There the narrow settings of short notes cost errors (12.0 instead of 10.7 % in one of five minutes) and little is
won: its chunks fill their windows."""


@dataclass
class _Spent:
    detect: float = 0.0
    engine: float = 0.0
    choose: float = 0.0
    retries: int = 0


@dataclass(frozen=True)
class Lane:
    """Transcribes decoded sound. Safe to call from several threads when its engine and detector are."""

    engine: SpeechEngine
    detector: SpeechDetector
    script: Script
    language_model: CharacterModel | None = None
    beam: int = 10
    tight: bool = False
    """Windows with the least padding that the retry makes up for."""
    weights: Weights = field(default_factory=Weights)
    threads: int = 1
    """How many chunks of one recording are read at once: as many as the engine has decoders."""

    def transcribe(self, samples: Samples, *, flags: tuple[str, ...] = (), progress: Heard | None = None) -> Transcript:
        """Judged text of mono 16 kHz `samples`; nothing is ever written where nobody speaks."""
        spent = _Spent()
        duration_s = len(samples) / RATE_HZ
        started = time.perf_counter()
        speech = self.detector.speech(samples)
        spent.detect = time.perf_counter() - started
        speech_s = sum(span.length_s for span in speech)
        pieces = chunks(duration_s, speech) if speech_s >= gate.MIN_SPEECH_S else []
        careful = self if len(pieces) < LONG else replace(self, beam=max(self.beam, LONG_BEAM), tight=False)
        heard = careful._hear_all(samples, pieces, spent, progress if len(pieces) >= LONG else None)
        faults = [gate.faults(one) for one in heard]
        decided, reasons = gate.verdict(faults, flags=flags, speech_s=speech_s, duration_s=duration_s)
        kept = [
            (piece, one)
            for piece, one, wrong in zip(pieces, heard, faults, strict=True)
            if decided in ("clear", "doubtful") and not gate.WORTHLESS.intersection(wrong)
        ]
        written = [segment for piece, one in kept for segment in segments(one, piece)]
        return Transcript(
            verdict=decided,
            reasons=reasons,
            text=full_width(" ".join(one.text for _, one in kept)),
            segments=tuple(written),
            duration_s=round(duration_s, 3),
            speech_s=round(speech_s, 3),
            engine=self.engine.name,
            model=self.engine.model,
            options={
                "beam": careful.beam,
                "language": "zh",
                "language_model": self.language_model is not None,
                "chunks": len(pieces),
                "retries": spent.retries,
            },
            timings_s={
                "detect": round(spent.detect, 4),
                "engine": round(spent.engine, 4),
                "choose": round(spent.choose, 4),
            },
        )

    def _hear_all(
        self, samples: Samples, pieces: list[Chunk], spent: _Spent, progress: Heard | None
    ) -> list[gate.Heard]:
        """A long recording's chunks side by side, as far as decoders are free."""
        counted = count(1)

        def hear(piece: Chunk) -> gate.Heard:
            heard = self._hear(samples, piece, spent)
            if progress is not None:
                progress(next(counted), len(pieces))
            return heard

        if progress is not None:
            progress(0, len(pieces))
        if self.threads == 1 or len(pieces) < 2:
            return [hear(piece) for piece in pieces]
        with ThreadPoolExecutor(max_workers=self.threads, thread_name_prefix="chunk") as pool:
            return list(pool.map(hear, pieces))

    def _hear(self, samples: Samples, piece: Chunk, spent: _Spent) -> gate.Heard:
        part = samples[int(piece.span.start_s * RATE_HZ) : math.ceil(piece.span.end_s * RATE_HZ)]
        window = window_s(piece.span.length_s, tight=self.tight)
        heard = self._read(part, piece, window, spent)
        if window == FULL_WINDOW_S or not gate.worth_a_retry(heard):
            return heard
        # A shortened window must never invent: where the text looks wrong, the window Whisper was trained on decides.
        spent.retries += 1
        again = self._read(part, piece, FULL_WINDOW_S, spent)
        return again if len(gate.faults(again)) <= len(gate.faults(heard)) else heard

    def _read(self, part: Samples, piece: Chunk, window: int, spent: _Spent) -> gate.Heard:
        started = time.perf_counter()
        reading = self.engine.read(part, window_s=window, beam=self.beam)
        read = time.perf_counter()
        hypotheses = [type(one)(self.script.simplified(one.text), one.tokens, one.score) for one in reading.hypotheses]
        choice = choose(hypotheses, self.language_model, self.weights)
        spent.engine += read - started
        spent.choose += time.perf_counter() - read
        return gate.Heard(
            text=full_width(choice.hypothesis.text),
            score=choice.hypothesis.score,
            no_speech=reading.no_speech,
            speech_s=sum(span.length_s for span in piece.speech),
            chinese=reading.chinese,
            surprise=choice.surprise,
            alternatives=tuple(one.text for one in hypotheses),
        )
