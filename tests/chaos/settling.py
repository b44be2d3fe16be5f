"""Waiting until all that was promised has happened: as long as there is progress, and no longer.

A machine that is only slow must not look like one that loses: who still makes progress when the time runs out is
overloaded, and what waits then is told as waiting; who stands still for minutes has lost what is missing.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

from aiokafka import TopicPartition

from tests.chaos.canaries import ONE_TOPIC
from tests.chaos.checker import MARKS, OUTCOMES
from tests.chaos.promised import EFFECTS, Accepted
from tests.chaos.reading import Seen, read_all

STALLED_S, LONGEST_S = 300.0, 2400.0
End = Literal["settled", "stalled", "overloaded"]


@dataclass
class Watch:
    """What has come of the promises so far; each look reads on from the last one."""

    kafka: str
    accepted: Accepted
    _since: dict[TopicPartition, int] = field(default_factory=dict)
    _decided: set[str] = field(default_factory=set)
    _orders: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _effects: set[tuple[str, str]] = field(default_factory=set)
    _buried: set[str] = field(default_factory=set)

    async def waiting(self) -> int:
        """Read on, and count what is missing."""
        for one in await read_all(self.kafka, ("suggestions", "cases", f"{ONE_TOPIC}-dlq"), self._since):
            self.note(one)
        return self.missing()

    def missing(self) -> int:
        """How many submissions have no outcome yet, acts no effect, and broken records no dead letter."""
        missing = sum(one not in self._decided for one in self.accepted.suggestions)
        missing += sum(not self._orders.get(order, set()) & self._decided for order in self.accepted.work_orders)
        missing += sum(one.done and (EFFECTS[one.kind], one.mark) not in self._effects for one in self.accepted.deeds)
        return missing + sum(one not in self._buried for one in self.accepted.broken)

    def note(self, one: Seen) -> None:
        """Take in one more record."""
        marks = re.findall(MARKS, one.value)
        if one.topic.endswith("-dlq"):
            self._buried |= {signs.decode() for signs in marks}
            return
        self._effects |= {(one.kind, signs.decode()) for signs in marks}
        if one.kind in OUTCOMES:
            self._decided.add(one.subject)
        if one.kind == "suggestion.submitted.v1" and b'"external_id"' in one.value:
            self._orders[one.data["external_id"]].add(one.subject)


async def settled(
    waiting: Callable[[], Awaitable[int]],
    *,
    say: Callable[[str], None],
    stalled_s: float = STALLED_S,
    longest_s: float = LONGEST_S,
    pause_s: float = 4,
) -> End:
    """Look until nothing waits, nothing has moved for `stalled_s`, or `longest_s` are over."""
    began = moved = time.monotonic()
    least: int | None = None
    while left := await waiting():
        now = time.monotonic()
        if least is None or left < least:
            least, moved = left, now
        if now - moved >= stalled_s:
            say(f"no progress for {stalled_s:.0f} s; {left} still missing")
            return "stalled"
        if now - began >= longest_s:
            say(f"overloaded: still deciding after {longest_s:.0f} s, {left} waiting; neither loss nor none is shown")
            return "overloaded"
        say(f"{left} not yet where they belong")
        await asyncio.sleep(pause_s)
    return "settled"
