"""The way of one recording through detection, engine, choice and gate; every worker, tool and bench takes it."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from intake_media.adapters.hearing import Hearing, Said, Spent
from intake_media.domain import gate
from intake_media.domain.choice import Weights
from intake_media.domain.language_model import CharacterModel
from intake_media.domain.punctuation import full_width
from intake_media.domain.segments import segments
from intake_media.domain.sound import RATE_HZ, Samples
from intake_media.domain.transcript import Transcript
from intake_media.domain.windows import Chunk, chunks
from intake_media.ports.speech import Heard, Script, SpeechDetector, SpeechEngine

LONG = 4
"""From so many chunks on somebody waits long enough to ask how far it is."""
LONG_BEAM = 10
"""There the narrow settings of short notes cost errors (12.0 instead of 10.7 % in one of five minutes) and little is
won: its chunks fill their windows."""


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
    timed: bool = True
    """Ask when every word was said: for a tenth of the work it shows what was left out, and where a clause begins."""
    weights: Weights = field(default_factory=Weights)
    threads: int = 1
    """How many chunks of one recording are read at once: as many as the engine has decoders."""

    def transcribe(self, samples: Samples, *, flags: tuple[str, ...] = (), progress: Heard | None = None) -> Transcript:
        """Judged text of mono 16 kHz `samples`; nothing is ever written where nobody speaks."""
        spent = Spent()
        duration_s = len(samples) / RATE_HZ
        started = time.perf_counter()
        speech = self.detector.speech(samples)
        spent.detect = time.perf_counter() - started
        speech_s = sum(span.length_s for span in speech)
        pieces = chunks(duration_s, speech) if speech_s >= gate.MIN_SPEECH_S else []
        long = len(pieces) >= LONG
        beam = max(self.beam, LONG_BEAM) if long else self.beam
        hearing = Hearing(
            self.engine,
            self.script,
            self.language_model,
            beam,
            tight=self.tight and not long,
            timed=self.timed or long,
            weights=self.weights,
        )
        said = self._hear_all(hearing, samples, pieces, spent, progress if long else None)
        faults = [gate.faults(one) for _, one in said]
        decided, reasons = gate.verdict(faults, flags=flags, speech_s=speech_s, duration_s=duration_s)
        kept = [
            (piece, one)
            for (piece, one), wrong in zip(said, faults, strict=True)
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
                "beam": beam,
                "language": "zh",
                "language_model": self.language_model is not None,
                "chunks": len(said),
                "retries": spent.retries,
            },
            timings_s={
                "detect": round(spent.detect, 4),
                "engine": round(spent.engine, 4),
                "choose": round(spent.choose, 4),
            },
        )

    def _hear_all(
        self, hearing: Hearing, samples: Samples, pieces: list[Chunk], spent: Spent, progress: Heard | None
    ) -> Said:
        """A long recording's chunks side by side, as far as decoders are free."""
        counted = itertools.count(1)

        def hear(piece: Chunk) -> Said:
            said = hearing.hear(samples, piece, spent)
            if progress is not None:
                progress(next(counted), len(pieces))
            return said

        if progress is not None:
            progress(0, len(pieces))
        with contextlib.ExitStack() as held:
            each: Callable[..., Iterable[Said]] = map
            if self.threads > 1 and len(pieces) > 1:
                each = held.enter_context(ThreadPoolExecutor(self.threads, thread_name_prefix="chunk")).map
            return list(itertools.chain.from_iterable(each(hear, pieces)))
