"""What the text model sees of a text: character n-grams of subject and body, topics, and optionally its meaning."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer

from router.domain.wording import compact, matter, subject_of

Floats = NDArray[np.float32]
Topics = Mapping[str, Sequence[str]]

BODY_CHARS = 600
"""The matter stands at the beginning; the rest of a long letter is history."""
MEANING_CHARS = 100
"""Embedding takes time in proportion to length; beyond this, courtesy left out, it gains nothing."""
SUBJECT_TOPIC_WEIGHT, BODY_TOPIC_WEIGHT, MEANING_WEIGHT = 0.7, 0.5, 0.7


@dataclass(frozen=True)
class Texts:
    """Subjects and bodies in their compact form, and what of both is embedded."""

    subjects: Sequence[str]
    bodies: Sequence[str]
    meanings: Sequence[str]

    @classmethod
    def of(cls, subjects: Sequence[str | None], bodies: Sequence[str]) -> Texts:
        """A missing subject is made of the first clauses."""
        own = [(s or "").strip() for s in subjects]
        return cls(
            [compact(s or subject_of(b)) for s, b in zip(own, bodies, strict=True)],
            [compact(b)[:BODY_CHARS] for b in bodies],
            [_meaning(s, b) for s, b in zip(own, bodies, strict=True)],
        )

    def take(self, at: Iterable[int]) -> Texts:
        """The texts at these positions."""
        chosen = list(at)
        return Texts(*([part[i] for i in chosen] for part in (self.subjects, self.bodies, self.meanings)))


class LexicalFeatures:
    """TF-IDF of character n-grams (subject 1–3, body 1–2) and of topics; each block has length 1 per text."""

    def __init__(self, topics: Topics) -> None:
        self.topics = {name: tuple(words) for name, words in topics.items()}
        # A gram of one subject only is a name; such names would let the model learn its letters by heart.
        self._subject = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True, min_df=2)
        self._body = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), sublinear_tf=True, min_df=2)
        self._topic_idf: NDArray[np.float64] = np.zeros((2, len(self.topics)))

    def fit(self, texts: Texts) -> csr_matrix:
        """Learn the vocabulary and the weights; returns the rows of `texts`."""
        self._subject.fit(texts.subjects)
        self._body.fit(texts.bodies)
        for at, part in enumerate((texts.subjects, texts.bodies)):
            seen = (self._counts(part) > 0).sum(axis=0)
            self._topic_idf[at] = np.log((1 + len(part)) / (1 + seen))
        return self.transform(texts)

    def transform(self, texts: Texts) -> csr_matrix:
        """One row per text, shape (n, size)."""
        blocks = [self._subject.transform(texts.subjects), self._body.transform(texts.bodies)]
        weights = (SUBJECT_TOPIC_WEIGHT, BODY_TOPIC_WEIGHT)
        for at, part in enumerate((texts.subjects, texts.bodies)):
            rows = np.log1p(self._counts(part)) * self._topic_idf[at]
            length = np.linalg.norm(rows, axis=1, keepdims=True)
            blocks.append(csr_matrix(rows / np.maximum(length, 1e-9) * weights[at]))
        return hstack(blocks).tocsr()

    def spans(self) -> list[tuple[str, Sequence[str]]]:
        """The blocks in order of columns: kind and the gram or topic of each column."""
        names = tuple(self.topics)
        return [
            ("subject", self._subject.get_feature_names_out().tolist()),
            ("body", self._body.get_feature_names_out().tolist()),
            ("subject-topic", names),
            ("body-topic", names),
        ]

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[np.float64]]]:
        """Everything learned, as JSON and as arrays."""
        spans = self.spans()
        words = {"subject": spans[0][1], "body": spans[1][1], "topics": self.topics}
        arrays = {
            "subject_idf": self._subject.idf_,
            "body_idf": self._body.idf_,
            "topic_idf": self._topic_idf,
        }
        return words, arrays

    @classmethod
    def from_state(cls, words: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> LexicalFeatures:
        """The same features as were saved by `state`."""
        made = cls(words["topics"])
        for vectorizer, part in ((made._subject, "subject"), (made._body, "body")):
            vectorizer.vocabulary = {gram: at for at, gram in enumerate(words[part])}
            vectorizer.idf_ = arrays[f"{part}_idf"]
        made._topic_idf = arrays["topic_idf"]
        return made

    def _counts(self, part: Sequence[str]) -> NDArray[np.float64]:
        """Occurrences of each topic's words, shape (n, topics)."""
        counted = [[sum(map(text.count, words)) for words in self.topics.values()] for text in part]
        return np.array(counted, dtype=np.float64).reshape(len(part), len(self.topics))


def _meaning(subject: str, body: str) -> str:
    """What is embedded; a text of nothing but courtesy as it stands."""
    said = f"{matter(subject)}。{matter(body)}".strip("。") or compact(f"{subject}。{body}")
    return said[:MEANING_CHARS]


def meaning_rows(vectors: Floats, centre: Floats) -> Floats:
    """Embeddings without the corpus' mean (raw ones are all alike); shape (n, d), each of length MEANING_WEIGHT."""
    shifted = vectors - centre
    length = np.linalg.norm(shifted, axis=1, keepdims=True)
    rows: Floats = (shifted / np.maximum(length, 1e-9) * MEANING_WEIGHT).astype(np.float32)
    return rows
