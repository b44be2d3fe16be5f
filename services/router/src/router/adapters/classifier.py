"""The trained text model behind the port that decisions ask."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import rjieba

from router.adapters.embedder import Embedder
from router.adapters.model_store import load
from router.domain.features import BODY_CHARS, Texts
from router.domain.text_model import Embed, TextModel
from router.domain.wording import matter

_WORD = re.compile(r"[\u3400-\u9fffa-z]{2,}")
COUNTS_FROM = 0.05
"""A word that weighs less than so much of the heaviest explains nothing."""
_PARTS = ("subject", "body")


class TrainedClassifier:
    """Fulfils `Classifier`. Texts come normalised (`router.domain.normalising`). Runs C code: off the event loop."""

    def __init__(self, model: TextModel, version: str, embed: Embed) -> None:
        self.model = model
        self.version = version
        self.threshold = model.auto_threshold
        self._embed = embed

    @classmethod
    def from_folder(cls, folder: Path, embed: Embed | None = None) -> TrainedClassifier:
        """The model that `router.training` wrote; raises ModelError."""
        model, card = load(folder)
        return cls(model, str(card["version"]), embed or Embedder())

    def classify(self, text: str, subject: str | None = None) -> list[tuple[str, float]]:
        """(class, confidence 0–1), best first."""
        return [(p.class_id, p.confidence) for p in self.model.predict(subject, text, self._embed)]

    def words(self, text: str, class_id: str, subject: str | None = None) -> list[tuple[str, float]]:
        """The text's words that spoke for a class, heaviest first: an n-gram's weight is spread over its characters."""
        if class_id not in self.model.classes:
            return []
        texts = Texts.of([subject], [text])
        parts = dict(zip(_PARTS, (texts.subjects[0], texts.bodies[0][:BODY_CHARS]), strict=True))
        weights = {part: [0.0] * len(said) for part, said in parts.items()}
        for (block, name), weight in self.model.contributions(subject, text, class_id).items():
            part = block.removesuffix("-topic")
            found = self.model.features.topics[name] if block.endswith("-topic") else (name,)
            _spread(parts[part], found, weight, weights[part])
        total: defaultdict[str, float] = defaultdict(float)
        for part, said in parts.items():
            at = 0
            for word in rjieba.cut(said):
                if _WORD.fullmatch(word):
                    total[word] += sum(weights[part][at : at + len(word)])
                at += len(word)
        least = COUNTS_FROM * max(total.values(), default=0.0)
        spoke = [(w, v) for w, v in total.items() if v > 0 and v >= least and matter(w)]
        return sorted(spoke, key=lambda one: (-one[1], one[0]))


def _spread(said: str, found: Sequence[str], weight: float, onto: list[Any]) -> None:
    places = [range(at, at + len(word)) for word in found for at in _positions(said, word)]
    size = sum(len(place) for place in places)
    for place in places:
        for at in place:
            onto[at] += weight / size


def _positions(said: str, word: str) -> list[int]:
    positions, at = [], said.find(word)
    while at >= 0:
        positions.append(at)
        at = said.find(word, at + 1)
    return positions
