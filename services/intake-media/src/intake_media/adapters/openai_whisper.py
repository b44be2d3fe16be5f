"""OpenAI's own implementation behind the same port; needs the extra `openai-whisper` (torch, gigabytes)."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from intake_media.domain.reading import Hypothesis, Reading
from intake_media.domain.sound import RATE_HZ, Samples
from shared.errors import PermanentError


class OpenaiWhisperEngine:
    """One hypothesis a chunk: its beam keeps the others. One call at a time, since torch uses all cores."""

    name = "openai-whisper"

    def __init__(self, model: str, *, device: str = "cpu") -> None:
        try:
            import whisper
        except ImportError as error:
            raise PermanentError(
                "WHISPER_ENGINE=openai-whisper needs the extra: `uv pip install 'intake-media[openai-whisper]'`",
                code="engine-missing",
            ) from error
        self._whisper: Any = whisper
        self._network: Any = whisper.load_model(model, device=None if device == "auto" else device)
        self._turn = threading.Lock()
        self.model = model

    def read(self, samples: Samples, *, window_s: int, beam: int, timed: bool) -> Reading:
        """Always the full window, since this implementation accepts no shorter one, and never times."""
        mel = self._whisper.log_mel_spectrogram(
            self._whisper.pad_or_trim(samples.astype(np.float32)), n_mels=self._network.dims.n_mels
        ).to(self._network.device)
        options = self._whisper.DecodingOptions(
            language="zh",
            beam_size=beam if beam > 1 else None,
            temperature=0.0,
            without_timestamps=True,
            fp16=self._network.device.type != "cpu",
            sample_len=min(224, 12 + int(len(samples) / RATE_HZ * 12)),
        )
        with self._turn:
            _, languages = self._network.detect_language(mel)
            result = self._whisper.decode(self._network, mel, options)
        hypothesis = Hypothesis(result.text.strip(), len(result.tokens), float(result.avg_logprob))
        return Reading((hypothesis,), float(result.no_speech_prob), float(languages.get("zh", 0.0)))
