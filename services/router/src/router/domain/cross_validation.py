"""Answers of the text model to rows that it never saw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.model_selection import StratifiedKFold

from router.domain.features import Topics
from router.domain.figures import Answer
from router.domain.linear_head import SEED
from router.domain.text_model import FOLDS, Embed, Row, TextModel

Say = Callable[[str], None]
"""Takes a line about how far the work is."""


def out_of_fold(rows: Sequence[Row], embed: Embed, topics: Topics, say: Say) -> tuple[list[Answer], int]:
    """An answer to each row by a model of the other folds, and how many folds there were."""
    remembered = _Remembering(embed, say)
    labels = np.array([r.class_id for r in rows])
    folds = min(FOLDS, int(np.unique(labels, return_counts=True)[1].min()))
    if folds < 2:
        raise ValueError("a class has a single row: nothing to hold out")
    answers: list[Answer] = []
    split = StratifiedKFold(folds, shuffle=True, random_state=SEED).split(labels, labels)
    for number, (learned, held) in enumerate(split, 1):
        say(f"fold {number} of {folds}: {len(learned)} rows to learn, {len(held)} to answer")
        answers += answers_of([rows[i] for i in learned], [rows[i] for i in held], remembered, topics)
    return answers, folds


def answers_of(learned: Sequence[Row], asked: Sequence[Row], embed: Embed, topics: Topics) -> list[Answer]:
    """What a model that learned some rows answers to others."""
    model = TextModel.train(learned, embed, topics)
    best = [(row, model.predict(row.subject, row.text, embed)[0]) for row in asked]
    return [Answer(row.class_id, p.class_id, p.confidence, p.confidence >= model.auto_threshold) for row, p in best]


class _Remembering:
    """Embeds each text once: folds share most of theirs."""

    def __init__(self, embed: Embed, say: Say) -> None:
        self._embed = embed
        self._say = say
        self._known: dict[str, Any] = {}

    def __call__(self, texts: Sequence[str]) -> Any:
        new = [t for t in dict.fromkeys(texts) if t not in self._known]
        if len(new) > 1:
            self._say(f"embedding {len(new)} texts")
        self._known.update(zip(new, self._embed(new), strict=True))
        return np.array([self._known[t] for t in texts])
