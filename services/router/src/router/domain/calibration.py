"""From a margin to a probability of being right, and from a wished precision to a threshold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

Array = NDArray[np.float64]
NEVER = 1.01
"""A confidence that nothing reaches: no threshold keeps the wished precision."""


@dataclass(frozen=True)
class Calibration:
    """P(right) = ceiling / (1 + exp(-(slope · margin + offset))), fitted on answers the machine had not learned."""

    slope: float
    offset: float
    ceiling: float = 1.0
    """No surer than so many answers allow."""

    @classmethod
    def fit(cls, margins: Array, right: NDArray[np.bool_]) -> Calibration:
        """Platt's method, with one imagined mistake at margin 0 and one right answer at the widest: a few flawless
        answers shall not make the machine sure of texts unlike anything it knows."""
        seen = np.concatenate([margins, [0.0, margins.max()]])
        judged = np.concatenate([right, [False, True]])
        fitted = LogisticRegression(C=100.0).fit(seen.reshape(-1, 1), judged)
        # Never downhill: a wider margin must not lower the confidence.
        ceiling = (len(right) + 1) / (len(right) + 2)
        return cls(max(0.0, float(fitted.coef_[0, 0])), float(fitted.intercept_[0]), ceiling)

    def __call__(self, margins: Array) -> Array:
        """Confidences between 0 and 1, same shape."""
        confidences: Array = self.ceiling / (1 + np.exp(-(self.slope * margins + self.offset)))
        return confidences


def threshold_at(confidences: Array, right: NDArray[np.bool_], precision: float) -> float:
    """The lowest confidence from which upwards `precision` holds for sure enough to promise it.

    One mistake more than was counted is allowed for, since the threshold is chosen to look good on these very answers.
    """
    order = np.argsort(-confidences, kind="stable")
    taken = np.arange(1, len(order) + 1)
    kept = (np.cumsum(right[order]) - 1) / taken
    good = np.flatnonzero(kept >= precision)
    return float(confidences[order][good[-1]]) if len(good) else NEVER


def coverage_at(confidences: Array, right: NDArray[np.bool_], precision: float) -> float:
    """The largest share, taken from the most confident downwards, of which `precision` is right."""
    if not len(right):
        return 0.0
    order = np.argsort(-confidences, kind="stable")
    kept = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    # Equal confidences can't be told apart by a threshold: only the last of each run may end the share.
    last = np.append(np.diff(confidences[order]) != 0, True)
    good = np.flatnonzero((kept >= precision) & last)
    return float((good[-1] + 1) / len(order)) if len(good) else 0.0
