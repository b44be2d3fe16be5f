"""How good an answer was: figures of classification and of clustering."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import comb
from typing import Any

import numpy as np
from sklearn.metrics import f1_score, precision_recall_fscore_support

from router.domain.calibration import coverage_at


@dataclass(frozen=True)
class Answer:
    """One text's true class, the model's, its confidence, and whether it would have been routed without a person."""

    truth: str
    given: str
    confidence: float
    automatic: bool


def routing_figures(answers: Sequence[Answer], precision: float) -> dict[str, Any]:
    """Macro-F1 over the true classes, accuracy, coverage at `precision`, what went automatically, and confusions."""
    truths, given = [a.truth for a in answers], [a.given for a in answers]
    classes = sorted(set(truths))
    right = np.array([a.truth == a.given for a in answers])
    automatic = np.array([a.automatic for a in answers])
    per_class = precision_recall_fscore_support(truths, given, labels=classes, zero_division=0)
    confused = Counter(zip(truths, given, strict=True))
    return {
        "macro_f1": round(float(f1_score(truths, given, labels=classes, average="macro", zero_division=0)), 4),
        "accuracy": round(float(right.mean()), 4),
        "coverage_at_95": round(coverage_at(np.array([a.confidence for a in answers]), right, precision), 4),
        "automatic": {
            "coverage": round(float(automatic.mean()), 4),
            "precision": round(float(right[automatic].mean()), 4) if automatic.any() else None,
        },
        "classes": {
            name: {"precision": round(float(p), 4), "recall": round(float(r), 4), "f1": round(float(f), 4), "n": int(n)}
            for name, p, r, f, n in zip(classes, *per_class, strict=True)
        },
        "confusion": {
            truth: {one: confused[truth, one] for one in sorted(set(given) | set(classes)) if confused[truth, one]}
            for truth in classes
        },
        "n": len(answers),
    }


def pairwise(truths: Sequence[Hashable], clusters: Sequence[Hashable]) -> dict[str, float]:
    """Precision, recall and F1 over all pairs of rows: is a pair of one issue in one cluster, and the reverse."""
    together = _pairs(Counter(zip(truths, clusters, strict=True)))
    claimed, real = _pairs(Counter(clusters)), _pairs(Counter(truths))
    precision = together / claimed if claimed else 1.0
    recall = together / real if real else 1.0
    f1 = 2 * precision * recall / (precision + recall) if together else 0.0
    return {"precision": round(precision, 4), "recall": round(recall, 4), "f1": round(f1, 4)}


def _pairs(sizes: Counter[Any]) -> int:
    return sum(comb(n, 2) for n in sizes.values())
