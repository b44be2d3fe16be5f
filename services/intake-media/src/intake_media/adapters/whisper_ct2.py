"""faster-whisper's engine (CTranslate2) without its padding: features cut to the note, all hypotheses of the beam."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
import tokenizers
from faster_whisper.feature_extractor import FeatureExtractor
from faster_whisper.tokenizer import Tokenizer
from numpy.typing import NDArray

from intake_media.adapters.together import Together
from intake_media.adapters.token_times import character_starts, token_bytes
from intake_media.domain.reading import Hypothesis, Reading
from intake_media.domain.sound import RATE_HZ, Samples

_FRAMES_A_SECOND = 100
_TOKENS_A_SECOND = 12
"""Nobody speaks faster; it ends loops early."""
_LANGUAGE_EVERY = 2
"""Which language it is shows in every second position of the sound as well, for half of the work."""


@dataclass(frozen=True)
class _Part:
    features: NDArray[np.float32]
    beam: int
    longest: int
    timed: bool


class Ctranslate2Engine:
    """One model in memory, `workers` single-threaded decoders over it; of more threads in `read`, two wait as one."""

    name = "faster-whisper"

    def __init__(
        self,
        folder: Path,
        *,
        name: str = "",
        device: str = "cpu",
        compute_type: str = "int8",
        workers: int = 1,
        together: int = 1,
        ask_language: bool = True,
        vocabulary: list[int] | None = None,
    ) -> None:
        """`together`: recordings in one decoding while many wait; `vocabulary`: original token id of each token of a
        cut model (`adapters.vocabulary`)."""
        self.model = name or folder.name
        self._whisper = ctranslate2.models.Whisper(
            str(folder), device=device, compute_type=compute_type, inter_threads=workers, intra_threads=1
        )
        self._tokenizer = Tokenizer(
            tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json")),
            self._whisper.is_multilingual,
            task="transcribe",
            language="zh",
        )
        self._vocabulary = vocabulary
        prompt = [*self._tokenizer.sot_sequence, self._tokenizer.no_timestamps]
        self._prompt = [vocabulary.index(token) for token in prompt] if vocabulary else prompt
        self._mels = self._whisper.n_mels
        self._extractor = FeatureExtractor(feature_size=self._mels)
        self._ask_language = ask_language
        self._together: Together[_Part, Reading] = Together(self._read, workers=workers, most=together)

    def read(self, samples: Samples, *, window_s: int, beam: int, timed: bool) -> Reading:
        """Candidates in the engine's own characters, Traditional or Simplified."""
        longest = min(len(self._prompt) + 12 + int(len(samples) / RATE_HZ * _TOKENS_A_SECOND), 448)
        return self._together((window_s, beam, timed), _Part(self._features(samples, window_s), beam, longest, timed))

    def _read(self, parts: Sequence[_Part]) -> list[Reading]:
        # Encoding several at once gains nothing; the decoder unpacks its weights once for all of them.
        heard = np.concatenate(
            [
                np.array(self._whisper.encode(ctranslate2.StorageView.from_array(part.features), to_cpu=True))
                for part in parts
            ]
        )
        encoded = ctranslate2.StorageView.from_array(heard)
        chinese: list[float | None] = [None] * len(parts)
        if self._ask_language:
            thinned = ctranslate2.StorageView.from_array(np.ascontiguousarray(heard[:, ::_LANGUAGE_EVERY]))
            chinese = [dict(found).get("<|zh|>", 0.0) for found in self._whisper.detect_language(thinned)]
        results = self._whisper.generate(
            encoded,
            [self._prompt] * len(parts),
            beam_size=parts[0].beam,
            num_hypotheses=parts[0].beam,
            max_length=max(part.longest for part in parts),
            return_scores=True,
            return_no_speech_prob=True,
        )
        favourites = [result.sequences_ids[0] for result in results]
        starts = self._starts(encoded, favourites) if parts[0].timed else [()] * len(parts)
        return [self._reading(*found) for found in zip(results, chinese, starts, strict=True)]

    def _starts(self, encoded: Any, favourites: list[list[int]]) -> list[tuple[float, ...]]:
        """By what the decoder attended to: when each spoken character of the favourites begins, in seconds."""
        # The engine aligns no empty text; whoever said nothing must not take the times from those beside it.
        asked = [tokens or self._prompt[:1] for tokens in favourites]
        frames = [2 * encoded.shape[1]] * len(asked)
        found = self._whisper.align(encoded, self._prompt[:-1], asked, frames, median_filter_width=3)
        return [
            character_starts(one.alignments, [self._bytes(token) for token in tokens])
            for one, tokens in zip(found, favourites, strict=True)
        ]

    def _reading(self, result: Any, chinese: float | None, starts: tuple[float, ...]) -> Reading:
        hypotheses = tuple(
            Hypothesis(self._text(tokens), len(tokens), score)
            for tokens, score in zip(result.sequences_ids, result.scores, strict=True)
        )
        return Reading(hypotheses, result.no_speech_prob, chinese, starts)

    def _text(self, tokens: list[int]) -> str:
        known = self._vocabulary
        return str(self._tokenizer.decode([known[token] for token in tokens] if known else tokens)).strip()

    def _bytes(self, token: int) -> bytes:
        return token_bytes(
            self._tokenizer.tokenizer.id_to_token(self._vocabulary[token] if self._vocabulary else token)
        )

    def _features(self, samples: Samples, window_s: int) -> NDArray[np.float32]:
        frames = window_s * _FRAMES_A_SECOND
        found = self._extractor(samples)[:, :-1][:, :frames]
        padded = np.zeros((1, self._mels, frames), dtype=np.float32)
        padded[0, :, : found.shape[1]] = found
        return padded
