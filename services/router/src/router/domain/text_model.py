"""The text model: a linear machine over what a text says, asked for its meaning only where the words leave a doubt."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.model_selection import StratifiedKFold

from router.domain.calibration import Calibration, threshold_at
from router.domain.features import Floats, LexicalFeatures, Texts, Topics, meaning_rows
from router.domain.linear_head import SEED, Head, margins_of

Embed = Callable[[Sequence[str]], Floats]
"""Texts to vectors, shape (n, d); deterministic, computes for some milliseconds per text."""
PRECISION = 0.95
"""What is routed without a person shall be right at least this often."""
CHOSEN_AT = 0.96
"""Aimed a little higher than promised: on letters of other folds thresholds chosen at 0.95 kept 0.947."""
QUICK_PRECISION = 0.97
"""Stricter where the meaning was not even asked for."""
FOLDS = 5
LATEST = 64
"""Texts whose features are kept: more than are answered at the same time."""


@dataclass(frozen=True)
class Row:
    """A labelled text. Without a subject the first clauses serve as one."""

    class_id: str
    text: str
    subject: str | None = None


@dataclass(frozen=True)
class Prediction:
    """A class with the probability that it is right; `margin` is the distance to the next one (best class only)."""

    class_id: str
    confidence: float
    margin: float


@dataclass(frozen=True)
class TextModel:
    """Trained once, then only read: the same text gives the same answer, to the bit."""

    classes: tuple[str, ...]
    features: LexicalFeatures
    quick: Head
    """On words alone."""
    full: Head
    """On words and meaning."""
    centre: Floats
    """The mean embedding of the training texts, shape (d,)."""
    quick_threshold: float
    auto_threshold: float
    """From this confidence on, answers are right in at least PRECISION of cases."""

    @classmethod
    def train(cls, rows: Sequence[Row], embed: Embed, topics: Topics) -> TextModel:
        """Fit both machines on all rows; confidence comes from answers to rows held out (stratified folds)."""
        texts = Texts.of([r.subject for r in rows], [r.text for r in rows])
        labels = np.array([r.class_id for r in rows])
        vectors = embed(texts.meanings)
        names = tuple(sorted(set(labels.tolist())))
        if len(names) < 2:
            raise ValueError("a text model needs at least two classes")
        held_quick, held_full = _held_out(texts, labels, vectors, topics, names)
        right_quick, right_full = (labels == np.array(names)[s.argmax(axis=1)] for s in (held_quick, held_full))
        quick_calibration = Calibration.fit(margins_of(held_quick), right_quick)
        full_calibration = Calibration.fit(margins_of(held_full), right_full)
        quick_confidence = quick_calibration(margins_of(held_quick))
        quick_threshold = threshold_at(quick_confidence, right_quick, QUICK_PRECISION)
        settled = quick_confidence >= quick_threshold
        confidence = np.where(settled, quick_confidence, full_calibration(margins_of(held_full)))
        right = np.where(settled, right_quick, right_full)
        features = LexicalFeatures(topics)
        lexical = features.fit(texts)
        centre = vectors.mean(axis=0).astype(np.float32)
        return cls(
            classes=names,
            features=features,
            quick=Head.fit(lexical, labels, quick_calibration),
            full=Head.fit(_with_meaning(lexical, vectors, centre), labels, full_calibration),
            centre=centre,
            quick_threshold=quick_threshold,
            auto_threshold=threshold_at(confidence, right, CHOSEN_AT),
        )

    def predict(self, subject: str | None, text: str, embed: Embed) -> list[Prediction]:
        """All classes, best first. `embed` is called only where the words alone don't settle it."""
        texts, lexical = self._seen(subject, text)
        scores = self.quick.scores(lexical)
        confidence = float(self.quick.calibration(margins_of(scores))[0])
        if confidence < self.quick_threshold:
            scores = self.full.scores(_with_meaning(lexical, embed(texts.meanings), self.centre))
            confidence = float(self.full.calibration(margins_of(scores))[0])
        return self._ranked(scores[0], confidence)

    def contributions(self, subject: str | None, text: str, class_id: str) -> Mapping[tuple[str, str], float]:
        """{(block, gram or topic): what it added for `class_id` against the mean of all classes}."""
        row = self._seen(subject, text)[1].tocoo()
        weights = self.full.weights[self.classes.index(class_id)] - self._ordinary
        return {
            self._columns[c]: float(v * weights[c])
            for c, v in sorted(zip(row.col.tolist(), row.data.tolist(), strict=True))
        }

    @cached_property
    def _seen(self) -> Callable[[str | None, str], tuple[Texts, csr_matrix]]:
        """A text's features; the last few are kept, for a text that was answered is then explained."""

        def features(subject: str | None, text: str) -> tuple[Texts, csr_matrix]:
            texts = Texts.of([subject], [text])
            return texts, self.features.transform(texts)

        return lru_cache(maxsize=LATEST)(features)

    @cached_property
    def _ordinary(self) -> Floats:
        """The mean weights of all classes."""
        weights: Floats = self.full.weights.mean(axis=0)
        return weights

    @cached_property
    def _columns(self) -> list[tuple[str, str]]:
        return [(kind, name) for kind, names in self.features.spans() for name in names]

    def _ranked(self, scores: NDArray[np.float64], confidence: float) -> list[Prediction]:
        order = np.argsort(-scores, kind="stable")
        rest = np.exp(2 * (scores[order[1:]] - scores[order[1]]))
        # What the best leaves is shared out by score; no other class may look surer than the best.
        shares = np.minimum((1 - confidence) * rest / rest.sum(), confidence)
        values = [confidence, *shares.tolist()]
        margin = float(scores[order[0]] - scores[order[1]])
        return [
            Prediction(self.classes[c], float(v), margin if at == 0 else 0.0)
            for at, (c, v) in enumerate(zip(order.tolist(), values, strict=True))
        ]


def _with_meaning(lexical: csr_matrix, vectors: Floats, centre: Floats) -> csr_matrix:
    return hstack([lexical, csr_matrix(meaning_rows(vectors, centre))]).tocsr()


def _held_out(
    texts: Texts, labels: NDArray[Any], vectors: Floats, topics: Topics, names: Sequence[str]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Scores of both machines for each row by one that never saw it, twice (n, classes)."""
    quick = np.full((len(labels), len(names)), -9.0)
    full = quick.copy()
    folds = min(FOLDS, int(np.unique(labels, return_counts=True)[1].min()))
    if folds < 2:
        raise ValueError("a text model needs at least two examples of each class")
    for learned, held in StratifiedKFold(folds, shuffle=True, random_state=SEED).split(labels, labels):
        features = LexicalFeatures(topics)
        lexical = features.fit(texts.take(learned))
        others = features.transform(texts.take(held))
        centre = vectors[learned].mean(axis=0).astype(np.float32)
        quick[held] = Head.fit(lexical, labels[learned]).scores(others)
        machine = Head.fit(_with_meaning(lexical, vectors[learned], centre), labels[learned])
        full[held] = machine.scores(_with_meaning(others, vectors[held], centre))
    return quick, full
