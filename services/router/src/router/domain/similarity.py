"""Which earlier messages a new one is like: a window of messages, weighed anew by what is rare in it now."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from router.domain.messages import BUCKETS, Entry, Ints, Message, column_of, entry_of
from router.domain.wording import without_numbers

Floats = NDArray[np.float64]

EXPECTED = 50
"""Messages imagined beside those of a young window, so that the first few that agree are seen to."""
ELSEWHERE, ELSEWHERE_AT_MOST = 0.35, 0.11
"""What is left of a likeness when both name places and share none: 建设路 is not 人民路."""
PROBES, POSTINGS, COMPARED = 64, 128, 64
"""Per message: rarest grams looked up, latest messages kept under each, messages compared in full. They bound
the cost whatever the size of the window."""


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
        entry = entry_of(message)
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
        return int(self._seen_in[column_of(without_numbers(gram))])

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
