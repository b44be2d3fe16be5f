"""A campaign waits while there is progress: a slow machine must not look like one that loses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.promised import Accepted, Deed
from tests.chaos.reading import Seen
from tests.chaos.settling import End, Watch, settled


async def end_of(left: Iterator[int], *, stalled_s: float, longest_s: float) -> tuple[End, list[str]]:
    """How a wait ends in which each look finds the next of `left`."""
    said: list[str] = []

    async def waiting() -> int:
        return next(left)

    end = await settled(waiting, say=said.append, stalled_s=stalled_s, longest_s=longest_s, pause_s=0.01)
    return end, said


def falling() -> Iterator[int]:
    left = 10_000
    while True:
        yield (left := left - 1)


def standing() -> Iterator[int]:
    while True:
        yield 7


async def test_what_is_all_there_is_settled_at_once() -> None:
    assert (await end_of(iter([0]), stalled_s=60, longest_s=60))[0] == "settled"
    assert (await end_of(iter([9, 9, 3, 3, 0]), stalled_s=60, longest_s=60))[0] == "settled"


async def test_standing_still_is_a_loss_and_being_slow_is_not() -> None:
    end, said = await end_of(standing(), stalled_s=0.05, longest_s=60)
    assert (end, said[-1]) == ("stalled", "no progress for 0 s; 7 still missing")
    end, said = await end_of(falling(), stalled_s=60, longest_s=0.1)
    assert end == "overloaded"
    assert "neither loss nor none is shown" in said[-1]


@pytest.mark.parametrize("topic", ["cases", "hotline-submissions-dlq"])
def test_acts_broken_records_and_submissions_are_awaited(tmp_path: Path, topic: str) -> None:
    accepted = Accepted(tmp_path / "accepted.jsonl")
    accepted.receipt("S1", "web")
    deed = Deed("S1", "resolve")
    accepted.deed(deed)
    accepted.deeds.append(deed)
    accepted.unreadable("broken-0123456789abcdef")
    watch = Watch("nowhere", accepted)
    assert watch.missing() == 3
    if topic == "cases":
        watch.note(Seen(topic, 0, 0, "S1", {"ce_type": "case.assigned.v1", "ce_subject": "S1"}, b"{}"))
        watch.note(Seen(topic, 0, 1, "S1", {"ce_type": "case.resolved.v1", "ce_subject": "S1"}, deed.mark.encode()))
    else:
        watch.note(Seen(topic, 0, 0, None, {}, b"broken-0123456789abcdef, and what came with it"))
    assert watch.missing() == {"cases": 1, "hotline-submissions-dlq": 2}[topic]
