"""One linear machine over the features of texts, and how far its margin can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.svm import LinearSVC

from router.domain.calibration import Calibration
from router.domain.features import Floats

SEED = 20261124


@dataclass(frozen=True)
class Head:
    """One linear machine: weights (classes, columns), offsets (classes), and how far its margin can be trusted."""

    weights: Floats
    offsets: Floats
    calibration: Calibration

    @classmethod
    def fit(cls, rows: csr_matrix, labels: NDArray[Any], calibration: Calibration | None = None) -> Head:
        """A support vector machine per class, rare classes counting as much as frequent ones."""
        machine = LinearSVC(C=1.0, class_weight="balanced", random_state=SEED).fit(rows, labels)
        weights, offsets = machine.coef_, machine.intercept_
        if len(machine.classes_) == 2:  # scikit-learn keeps one row then
            weights, offsets = np.vstack([-weights, weights]), np.concatenate([-offsets, offsets])
        return cls(weights.astype(np.float32), offsets.astype(np.float32), calibration or Calibration(1.0, 0.0))

    def scores(self, rows: csr_matrix) -> NDArray[np.float64]:
        """Shape (n, classes)."""
        # Only the few columns that a text has are touched; a product with the whole matrix takes ten times as long.
        each = [self.weights[:, row.indices] @ row.data for row in rows]
        scores: NDArray[np.float64] = np.array(each) + self.offsets
        return scores


def margins_of(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Best minus second best, shape (n,)."""
    ordered = np.sort(scores, axis=1)
    margins: NDArray[np.float64] = ordered[:, -1] - ordered[:, -2]
    return margins
