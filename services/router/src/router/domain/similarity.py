"""Which earlier messages a new one is like: a window of messages, weighed anew by what is rare in it now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from router.domain.wording import distinctive, grams, place_marks, subject_of, without_numbers

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]

BUCKETS = 1 << 20
"""Grams are hashed into so many columns: no vocabulary grows with the years."""
GRAM_SIZES = (1, 2, 3)
EXPECTED = 50
"""Messages imagined beside those of a young window, so that the first few that agree are seen to."""
SUBJECT_TIMES = 2
BODY_CHARS = 400
PLACE_CHARS = 150
"""Places named this early are where the matter is."""
ELSEWHERE, ELSEWHERE_AT_MOST = 0.35, 0.11
"""What is left of a likeness when both name places and share none: 建设路 is not 人民路."""
PROBES, POSTINGS, COMPARED = 64, 128, 64
"""Per message: rarest grams looked up, latest messages kept under each, messages compared in full. They bound
the cost whatever the size of the window."""


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


class SimilarityWindow:
    """Messages in the order of time, at most `days` old and at most `limit` many (some 15 kB each)."""

    def __init__(self, *, days: int = 365, limit: int = 10_000) -> None:
        self._age, self._limit = timedelta(days=days), limit
        self._entries: dict[int, Entry] = {}
        self._oldest = self._next = 0
        self._seen_in = np.zeros(BUCKETS, dtype=np.int32)
        self._scratch = np.zeros(BUCKETS)
        self._postings: dict[int, list[int]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, number: int) -> Entry:
        return self._entries[number]

    def __contains__(self, number: int) -> bool:
        return number in self._entries

    def add(self, message: Message) -> tuple[int, list[int]]:
        """Take a message in; returns its number and those that left the window for age or room."""
        gone = []
        while self._entries and (
            len(self._entries) >= self._limit or message.at - self._entries[self._oldest].message.at > self._age
        ):
            gone.append(self._oldest)
            self._forget()
        entry = _entry(message)
        number, self._next = self._next, self._next + 1
        self._entries[number] = entry
        self._seen_in[entry.columns] += 1
        for column in self._rarest(entry):
            numbers = self._postings.setdefault(column, [])
            numbers.append(number)
            if len(numbers) > POSTINGS:  # lists, for a deque takes half a kilobyte even when empty
                del numbers[0]
        return number, gone

    def like(self, number: int) -> dict[int, float]:
        """{earlier number: likeness 0–1} for the COMPARED messages that share most of the rarest grams."""
        entry = self._entries[number]
        rarity = self._rarity(entry.columns)
        votes: dict[int, float] = {}
        for column, weight in zip(*self._probes(entry, rarity), strict=True):
            for other in self._postings.get(column, ()):
                if other != number and other in self._entries:
                    votes[other] = votes.get(other, 0.0) + weight
        chosen = sorted(votes, key=lambda n: (-votes[n], n))[:COMPARED]
        return self.compare(number, chosen)

    def compare(self, number: int, others: list[int]) -> dict[int, float]:
        """{other: likeness 0–1}: cosine of rarity-weighed grams, lowered where the places differ."""
        entry = self._entries[number]
        weighed = entry.weights * self._rarity(entry.columns)
        length = np.sqrt(weighed @ weighed)
        self._scratch[entry.columns] = weighed
        found = {}
        for other in others:
            theirs = self._entries[other]
            vector = theirs.weights * self._rarity(theirs.columns)
            scale = length * np.sqrt(vector @ vector)
            likeness = float(vector @ self._scratch[theirs.columns] / scale) if scale > 0 else 0.0
            elsewhere = entry.places and theirs.places and not entry.places & theirs.places
            found[other] = min(likeness * ELSEWHERE, ELSEWHERE_AT_MOST) if elsewhere else likeness
        self._scratch[entry.columns] = 0.0
        return found

    def frequency(self, gram: str) -> int:
        """In how many messages of the window a gram occurs (never too low; a shared column may make it too high)."""
        return int(self._seen_in[_column(without_numbers(gram))])

    def _rarity(self, columns: Ints) -> Floats:
        rarity: Floats = np.maximum(np.log((len(self._entries) + EXPECTED) / (self._seen_in[columns] + 0.5)), 0.0)
        return rarity

    def _probes(self, entry: Entry, rarity: Floats) -> tuple[list[int], list[float]]:
        # A gram of this message alone finds nobody; the rest by what it adds to a likeness.
        worth = np.where(self._seen_in[entry.columns] > 1, entry.weights * rarity**2, 0.0)
        best = np.argsort(-worth, kind="stable")[:PROBES]
        best = best[worth[best] > 0]
        return entry.columns[best].tolist(), worth[best].tolist()

    def _rarest(self, entry: Entry) -> list[int]:
        """The columns under which a message can be found: those that are no part of the window's everyday speech."""
        everyday = max(POSTINGS, len(self._entries) // 4)
        columns: list[int] = entry.columns[self._seen_in[entry.columns] <= everyday].tolist()
        return columns

    def _forget(self) -> None:
        entry = self._entries.pop(self._oldest)
        self._seen_in[entry.columns] -= 1
        for column in entry.columns[self._seen_in[entry.columns] == 0].tolist():
            self._postings.pop(column, None)
        self._oldest += 1


def _column(gram: str) -> int:
    return crc32(gram.encode()) % BUCKETS


def _entry(message: Message) -> Entry:
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
        column = _column(gram)
        columns[column] = columns.get(column, 0) + times
    return columns
