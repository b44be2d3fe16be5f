"""One message of the inflow, and the hashed grams and places by which it is compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from router.domain.wording import distinctive, grams, place_marks, subject_of, without_numbers

Ints = NDArray[np.int32]

BUCKETS = 1 << 20
"""Grams are hashed into so many columns: no vocabulary grows with the years."""
GRAM_SIZES = (1, 2, 3)
SUBJECT_TIMES = 2
BODY_CHARS = 400
PLACE_CHARS = 150
"""Places named this early are where the matter is."""


@dataclass(frozen=True)
class Message:
    """One suggestion of the inflow. `person` is any stable mark of who sent it, `support` the likes it got."""

    id: str
    text: str
    at: datetime
    subject: str | None = None
    person: str | None = None
    support: int = 0


@dataclass(frozen=True)
class Entry:
    """A message in the window: its columns in ascending order, their weights, and the places it names."""

    message: Message
    columns: Ints
    weights: NDArray[np.float32]
    places: frozenset[str]


def column_of(gram: str) -> int:
    """Where a gram is counted; others may share it."""
    return crc32(gram.encode()) % BUCKETS


def entry_of(message: Message) -> Entry:
    """The message as it is compared: its subject counts more than its body."""
    subject = without_numbers(distinctive((message.subject or "").strip() or subject_of(message.text)))
    body = without_numbers(distinctive(message.text))
    counts = grams(body[:BODY_CHARS], GRAM_SIZES)
    for gram, times in grams(subject, GRAM_SIZES).items():
        counts[gram] += times * SUBJECT_TIMES
    columns: Mapping[int, int] = _by_column(counts)
    order = np.array(sorted(columns), dtype=np.int32)
    weights = 1 + np.log(np.array([columns[c] for c in order.tolist()], dtype=np.float32))
    return Entry(message, order, weights, place_marks(subject) | place_marks(body[:PLACE_CHARS]))


def _by_column(counts: Mapping[str, int]) -> dict[int, int]:
    columns: dict[int, int] = {}
    for gram, times in counts.items():
        column = column_of(gram)
        columns[column] = columns.get(column, 0) + times
    return columns
