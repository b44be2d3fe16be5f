"""Where a log did not simply go on: marks that tell of a lost tail when nobody looked before it was filled again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aiokafka import TopicPartition

from shared.contracts.marks import Mark, Place

BROKER_AWAY_MS = 500
"""A log loses its tail while its broker is away, and no broker is back sooner than this."""
KEPT = 3
"""Edges per partition: with each one more question waits for the broker, and an outage is among the widest gaps."""

Asked = dict[TopicPartition, Mark]


class LogEdges:
    """The last mark before each of the widest gaps since it was `taken`, per partition."""

    def __init__(self) -> None:
        self._edges: dict[Place, list[tuple[float, Mark]]] = {}

    def note(self, place: Place, before: Mark, after: Mark) -> None:
        """`after` was handled next after `before`; a step back is wider than any gap."""
        gap = after.timestamp_ms - before.timestamp_ms if after.offset > before.offset else float("inf")
        if gap >= BROKER_AWAY_MS:
            self._add(place, [(gap, before)])

    def take(self) -> Mapping[Place, list[tuple[float, Mark]]]:
        """Those of now; `put_back` when they could not be asked for."""
        taken, self._edges = self._edges, {}
        return taken

    def put_back(self, taken: Mapping[Place, list[tuple[float, Mark]]]) -> None:
        for place, edges in taken.items():
            self._add(place, edges)

    def _add(self, place: Place, edges: list[tuple[float, Mark]]) -> None:
        widest = sorted([*self._edges.get(place, ()), *edges], key=lambda edge: edge[0], reverse=True)
        self._edges[place] = widest[:KEPT]


def rounds(taken: Mapping[Place, list[tuple[float, Mark]]], places: Iterable[TopicPartition]) -> list[Asked]:
    """What to ask of `places`: one mark of each in a question."""
    asked: list[Asked] = [{} for _ in range(KEPT)]
    for place in places:
        for turn, (_, mark) in enumerate(taken.get((place.topic, place.partition), ())):
            asked[turn][place] = mark
    return [one for one in asked if one]
