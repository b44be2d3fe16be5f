"""Notices a log that lost its tail (power cut on one node, a restored backup) and rewinds the group.

Handlers are idempotent, so reading a partition again from its beginning costs time and nothing else; not
reading it loses what was written into the gap. Readiness stays red until the topics were refilled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import structlog
from aiokafka import TopicPartition

from shared.contracts.marks import Mark, Place
from shared.messaging.log_edges import LogEdges, rounds

_log = structlog.get_logger(__name__)
HEAL = "heal with: minsheng events republish --since <time before the loss>; see deploy/README.md"
LOG_APPEND_TIME = 1


class MarksPort(Protocol):
    """Fulfilled by `shared.storage.marks.MarkStore`."""

    async def load(self) -> dict[Place, Mark]: ...
    async def save(self, marks: Mapping[Place, Mark]) -> None: ...
    async def note_loss(self, topic: str, reason: str) -> None: ...
    async def losses(self) -> list[str]: ...


class LogWatch:
    """Compares the marks of one consumer group with the log; `note` is fed by the delivery."""

    def __init__(self, marks: MarksPort, *, group: str) -> None:
        self._marks = marks
        self._group = group
        self._known: dict[Place, Mark] | None = None
        self._changed: dict[Place, Mark] = {}
        self._edges = LogEdges()
        self._checked: set[Place] = set()
        self._gone: dict[Place, int] = {}
        """Up to which offset a partition had been handled when it was rewound."""
        self.lost: list[str] = []

    def note(self, records: Sequence[Any]) -> None:
        """These records were handled (broker append times only: producers' clocks prove nothing)."""
        for record in records:
            key = record.topic, record.partition
            if record.offset > self._gone.get(key, record.offset):
                continue  # it was in hand when the partition was rewound: a mark of the log that is gone
            self._gone.pop(key, None)
            if record.timestamp_type != LOG_APPEND_TIME:
                continue
            before, mark = self._changed.get(key), Mark(record.offset, record.timestamp)
            if before is not None:
                self._edges.note(key, before, mark)
            self._changed[key] = mark

    async def inspect(self, consumer: Any, ends: Mapping[TopicPartition, int]) -> None:
        """Check newly assigned partitions against their marks, then keep the new marks."""
        if self._known is None:
            self._known = await self._marks.load()
        marked = {place: self._known[_key(place)] for place in ends if _key(place) in self._known}
        edges = self._edges.take()
        try:
            for place, mark in (await self._lost(consumer, ends, marked, rounds(edges, ends))).items():
                await self._rewind(consumer, place, mark, ends[place])
        except BaseException:  # the broker or the marks' store is away: the next look asks again
            self._edges.put_back(edges)
            raise
        self._checked |= {_key(place) for place in marked}
        self._checked &= {(place.topic, place.partition) for place in ends}
        changed, self._changed = self._changed, {}
        fresh = {place: mark for place, mark in changed.items() if self._known.get(place) != mark}
        try:
            await self._marks.save(fresh)
        except BaseException:
            self._changed = changed | self._changed
            raise
        self._known |= fresh
        self.lost = await self._marks.losses()

    async def _lost(
        self,
        consumer: Any,
        ends: Mapping[TopicPartition, int],
        marked: Mapping[TopicPartition, Mark],
        edges: Sequence[Mapping[TopicPartition, Mark]],
    ) -> dict[TopicPartition, Mark]:
        """The partitions that no longer hold what was handled, with the first mark that they lack."""
        lost = {place: mark for place, mark in marked.items() if ends[place] <= mark.offset}
        # a shrunken end shows at once; a refilled one only by time stamps. A broker may be back, and its log refilled,
        # between two looks and without a new assignment, so whatever moved since the last look is asked for again
        moved = {
            place: mark
            for place, mark in marked.items()
            if _key(place) not in self._checked or self._changed.get(_key(place), mark) != mark
        }
        for asked in (moved, *edges):
            intact = await _intact(consumer, {place: mark for place, mark in asked.items() if place not in lost})
            lost |= {place: mark for place, mark in asked.items() if place not in lost and place not in intact}
        return lost

    async def _rewind(self, consumer: Any, place: TopicPartition, mark: Mark, end: int) -> None:
        reason = (
            f"{place.topic}/{place.partition} lost its tail: {self._group} had handled offset {mark.offset}, "
            f"the log now ends at {end} or holds something else there; {HEAL}"
        )
        _log.error("log_lost", topic=place.topic, partition=place.partition, offset=mark.offset, end=end)
        await self._marks.note_loss(place.topic, reason)
        assert self._known is not None
        self._known.pop(_key(place), None)
        self._gone[_key(place)] = max(mark.offset, self._changed.pop(_key(place), mark).offset)
        await consumer.seek_to_beginning(place)


def _key(place: TopicPartition) -> Place:
    return place.topic, place.partition


async def _intact(consumer: Any, marks: Mapping[TopicPartition, Mark]) -> set[TopicPartition]:
    """Places whose log still has a record with the mark's append time (append times never run backwards in a log).

    Asked for all at once: each question waits behind the long poll of the same connection.
    """
    if not marks:
        return set()
    found = await consumer.offsets_for_times({place: mark.timestamp_ms for place, mark in marks.items()})
    intact = {
        place
        for place, mark in marks.items()
        if (at := found.get(place)) is not None and at.timestamp == mark.timestamp_ms and at.offset <= mark.offset
    }
    if len(intact) < len(marks):  # what its retention took away is not lost: a log that lost its tail keeps its front
        fronts = await consumer.beginning_offsets([place for place in marks if place not in intact])
        intact |= {place for place, front in fronts.items() if front > marks[place].offset}
    return intact
