"""A character n-gram model of the district's own kind of text: it chooses among Whisper's hypotheses."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

ORDER = 4
FORMAT = "minsheng-char-lm-1"
_SENTENCE_ENDS = frozenset("。！？!?\n；;")
_BOUNDARY = 0
"""Id of the sentence boundary; 1 is any character never seen; characters start at 2."""
_UNSEEN = 1

Keys = NDArray[np.uint64]


def spoken_characters(text: str) -> str:
    """What of `text` is heard: NFKC, lower case, letters and digits only (no punctuation, no spaces)."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).lower() if c.isalnum())


def sentences(text: str) -> list[str]:
    """`text` cut at sentence ends, each piece as `spoken_characters`; empty pieces are left out."""
    pieces: list[str] = []
    start = 0
    for at, character in enumerate(text + "\n"):
        if character in _SENTENCE_ENDS:
            pieces.append(spoken_characters(text[start:at]))
            start = at + 1
    return [piece for piece in pieces if piece]


@dataclass(frozen=True)
class CharacterModel:
    """Interpolated Witten-Bell character 4-gram. `log_probability` is natural log over whole strings."""

    alphabet: str
    grams: tuple[Keys, ...]
    """Per order 1…ORDER: sorted n-grams, 16 bits a character, oldest character in the highest bits."""
    counts: tuple[NDArray[np.uint32], ...]
    contexts: tuple[Keys, ...]
    """Per order: the sorted distinct contexts (n-grams without their last character)."""
    context_totals: tuple[NDArray[np.float64], ...]
    context_types: tuple[NDArray[np.float64], ...]
    ids: dict[str, int]

    @classmethod
    def count(cls, texts: Iterable[str]) -> CharacterModel:
        """Counts the n-grams of `texts` (already Simplified), sentence by sentence."""
        lines = list(chain.from_iterable(sentences(text) for text in texts))
        alphabet = "".join(sorted(set("".join(lines))))[: 0xFFFF - 2]
        ids = {character: at + 2 for at, character in enumerate(alphabet)}
        stream = _stream(lines, ids)
        grams, counts = [], []
        for order in range(1, ORDER + 1):
            keys, number = np.unique(_pack(stream, order), return_counts=True)
            grams.append(keys)
            counts.append(number.astype(np.uint32))
        return cls._indexed(alphabet, grams, counts)

    @classmethod
    def _indexed(cls, alphabet: str, grams: Sequence[Keys], counts: Sequence[NDArray[np.uint32]]) -> CharacterModel:
        contexts, totals, types = [], [], []
        for keys, number in zip(grams, counts, strict=True):
            unique, first = np.unique(keys >> np.uint64(16), return_index=True)
            contexts.append(unique)
            totals.append(np.add.reduceat(number.astype(np.float64), first) if len(first) else np.zeros(0))
            types.append(np.diff(np.append(first, len(keys))).astype(np.float64))
        ids = {character: at + 2 for at, character in enumerate(alphabet)}
        return cls(alphabet, tuple(grams), tuple(counts), tuple(contexts), tuple(totals), tuple(types), ids)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What a file must hold to rebuild this model: plain arrays, nothing executable."""
        held: dict[str, NDArray[Any]] = {
            "format": np.frombuffer(FORMAT.encode(), dtype=np.uint8),
            "alphabet": np.frombuffer(self.alphabet.encode("utf-32-le"), dtype=np.uint8),
        }
        for order, (keys, number) in enumerate(zip(self.grams, self.counts, strict=True), start=1):
            held[f"grams{order}"], held[f"counts{order}"] = keys, number
        return held

    @classmethod
    def from_arrays(cls, held: dict[str, NDArray[Any]]) -> CharacterModel:
        """Rebuilds a model from `arrays()`; ValueError when they are of another format."""
        if bytes(held.get("format", np.zeros(0, np.uint8))) != FORMAT.encode():
            raise ValueError("not a character model of this version")
        alphabet = bytes(held["alphabet"]).decode("utf-32-le")
        orders = range(1, ORDER + 1)
        return cls._indexed(
            alphabet, [held[f"grams{order}"] for order in orders], [held[f"counts{order}"] for order in orders]
        )

    def log_probability(self, texts: Sequence[str]) -> list[tuple[float, int]]:
        """For each text (already Simplified): natural log probability without its end, and its spoken characters."""
        lines = [spoken_characters(text) for text in texts]
        lengths = [len(line) for line in lines]
        stream = _stream(lines, self.ids)
        probability = np.full(len(stream) - ORDER + 1, 1.0 / (len(self.alphabet) + 2))
        for order in range(1, ORDER + 1):
            keys = _pack(stream, order)[-len(probability) :]
            at, context = _find(self.grams[order - 1], keys), _find(self.contexts[order - 1], keys >> np.uint64(16))
            seen = np.where(at >= 0, self.counts[order - 1][at], 0.0)
            known = context >= 0
            total = np.where(known, self.context_totals[order - 1][context], 0.0)
            kinds = np.where(known, self.context_types[order - 1][context], 1.0)
            probability = (seen + kinds * probability) / (total + kinds)
        logs, scored, at_character = np.log(probability), [], 0
        for length in lengths:
            # Each line is followed by ORDER - 1 boundaries, which belong to no text.
            scored.append((float(logs[at_character : at_character + length].sum()), length))
            at_character += length + ORDER - 1
        return scored


def _stream(lines: Sequence[str], ids: dict[str, int]) -> NDArray[np.uint64]:
    gap = [_BOUNDARY] * (ORDER - 1)
    held: list[int] = list(gap)
    for line in lines:
        held.extend(ids.get(character, _UNSEEN) for character in line)
        held.extend(gap)
    return np.array(held, dtype=np.uint64)


def _pack(stream: NDArray[np.uint64], order: int) -> Keys:
    """All n-grams that end in the stream at positions ORDER-1 and later, as 64-bit keys."""
    length = len(stream) - ORDER + 1
    keys = np.zeros(length, dtype=np.uint64)
    for back in range(order - 1, -1, -1):
        start = ORDER - 1 - back
        keys = (keys << np.uint64(16)) | stream[start : start + length]
    return keys


def _find(sorted_keys: Keys, keys: Keys) -> NDArray[np.int64]:
    """Index of each key, or -1."""
    if not len(sorted_keys):
        return np.full(len(keys), -1, dtype=np.int64)
    at = np.minimum(np.searchsorted(sorted_keys, keys), len(sorted_keys) - 1)
    return np.where(sorted_keys[at] == keys, at, -1).astype(np.int64)
