"""Figures of decoded sound that decide whether anything can be heard in it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 16_000
"""Sampling rate of everything after decoding."""

Samples = NDArray[np.float32]
"""Mono sound, shape (n,), −1…1, at `RATE_HZ`."""

SILENT_DBFS = -60.0
"""Below this level even a whisper close to the microphone would not be found."""


def level_dbfs(samples: Samples) -> float:
    """Level of the loudest tenth of a second, in dB below full scale; −inf for digital silence."""
    frame = RATE_HZ // 10
    whole = len(samples) // frame * frame
    frames = samples[:whole].reshape(-1, frame) if whole else samples[None, :]
    power = float(np.max(np.mean(np.square(frames, dtype=np.float64), axis=1))) if samples.size else 0.0
    return 10 * math.log10(power) if power > 0 else -math.inf
