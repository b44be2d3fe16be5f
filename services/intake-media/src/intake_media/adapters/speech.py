"""Where somebody speaks: Silero's detector as faster-whisper ships it."""

from __future__ import annotations

from faster_whisper.vad import VadOptions, get_speech_timestamps

from intake_media.domain.reading import Span
from intake_media.domain.sound import RATE_HZ, Samples
from intake_media.domain.windows import LONGEST_CHUNK_S


class SileroDetector:
    """Speech by Silero v6. Spans closer than 0.3 s are one; none is longer than a chunk."""

    def __init__(self, *, threshold: float = 0.5) -> None:
        self._options = VadOptions(
            threshold=threshold,
            min_speech_duration_ms=200,
            min_silence_duration_ms=300,
            max_speech_duration_s=LONGEST_CHUNK_S,
            speech_pad_ms=100,
        )

    def speech(self, samples: Samples) -> list[Span]:
        """Stretches of speech in order."""
        found = get_speech_timestamps(samples, self._options, sampling_rate=RATE_HZ)
        return [Span(span["start"] / RATE_HZ, span["end"] / RATE_HZ) for span in found]
