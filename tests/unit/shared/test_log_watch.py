"""A log that lost its tail is noticed, however soon it was filled again; one whose front grew too old is well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from aiokafka import TopicPartition
from aiokafka.structs import OffsetAndTimestamp

from shared.contracts.marks import Mark, Place
from shared.messaging.log_watch import LOG_APPEND_TIME, LogWatch

PLACE = TopicPartition("suggestions", 3)


@dataclass(frozen=True)
class Record:
    offset: int
    timestamp: int
    topic: str = PLACE.topic
    partition: int = PLACE.partition
    timestamp_type: int = LOG_APPEND_TIME


@dataclass
class Log:
    """One partition as a consumer may ask about it: append time by offset."""

    times: dict[int, int]
    rewound: list[TopicPartition] = field(default_factory=list)

    @property
    def ends(self) -> dict[TopicPartition, int]:
        return {PLACE: max(self.times) + 1}

    async def offsets_for_times(
        self, asked: Mapping[TopicPartition, int]
    ) -> dict[TopicPartition, OffsetAndTimestamp | None]:
        later = [(offset, at) for offset, at in sorted(self.times.items()) if at >= asked[PLACE]]
        return {PLACE: OffsetAndTimestamp(*later[0]) if later else None}

    async def beginning_offsets(self, _: list[TopicPartition]) -> dict[TopicPartition, int]:
        return {PLACE: min(self.times)}

    async def seek_to_beginning(self, place: TopicPartition) -> None:
        self.rewound.append(place)


class Marks:
    """What the database would keep."""

    def __init__(self) -> None:
        self.kept: dict[Place, Mark] = {}
        self.noted: list[str] = []

    async def load(self) -> dict[Place, Mark]:
        return dict(self.kept)

    async def save(self, marks: Mapping[Place, Mark]) -> None:
        self.kept |= marks

    async def note_loss(self, topic: str, reason: str) -> None:
        self.noted.append(reason)

    async def losses(self) -> list[str]:
        return self.noted


async def looked(log: Log, marks: Marks, *handled: int) -> LogWatch:
    """A watch that has seen these offsets handled, kept its mark, and compared it with the log."""
    watch = LogWatch(marks, group="router")
    watch.note([Record(offset, log.times[offset]) for offset in handled])
    for _ in range(2):
        await watch.inspect(log, log.ends)
    return watch


def well() -> Log:
    return Log({offset: 1_000 + offset for offset in range(10)})


async def test_a_log_that_grows_is_well() -> None:
    log, marks = well(), Marks()
    watch = await looked(log, marks, 9)
    for offset in (10, 11, 12):
        log.times[offset] = 2_000 + offset
        watch.note([Record(offset, 2_000 + offset)])
        await watch.inspect(log, log.ends)
    assert (watch.lost, log.rewound) == ([], [])
    assert marks.kept == {("suggestions", 3): Mark(12, 2_012)}


async def test_a_tail_that_is_gone_is_named_and_the_partition_read_again() -> None:
    log, marks = well(), Marks()
    watch = await looked(log, marks, 9)
    for offset in range(5, 10):
        del log.times[offset]
    await watch.inspect(log, log.ends)
    assert log.rewound == [PLACE]
    [reason] = watch.lost
    assert "suggestions/3" in reason
    assert "minsheng events republish" in reason


async def test_a_tail_that_was_filled_again_before_the_next_look_is_noticed_without_a_new_assignment() -> None:
    log, marks = well(), Marks()
    watch = await looked(log, marks, 9)
    log.times |= {offset: 5_000 + offset for offset in range(5, 15)}  # other records stand where ours stood
    watch.note([Record(14, 5_014)])  # the consumer went on where it was
    await watch.inspect(log, log.ends)
    assert log.rewound == [PLACE]
    assert len(watch.lost) == 1


async def test_what_its_retention_took_away_is_not_lost() -> None:
    log, marks = well(), Marks()
    await looked(log, marks, 5)
    quiet_for_long = Log({offset: 9_000 + offset for offset in range(8, 12)})
    assert (await looked(quiet_for_long, marks)).lost == []
    assert quiet_for_long.rewound == []


async def test_what_was_in_hand_when_the_tail_went_raises_no_second_alarm() -> None:
    log, marks = well(), Marks()
    watch = await looked(log, marks, 7)
    watch.note([Record(8, 1_008)])  # handled since the last look, of the tail that goes
    for offset in range(5, 10):
        del log.times[offset]
    await watch.inspect(log, log.ends)
    watch.note([Record(9, 1_009)])  # in hand meanwhile
    await watch.inspect(log, log.ends)
    log.times |= {offset: 5_000 + offset for offset in range(5, 15)}  # the topics are refilled and read again
    await watch.inspect(log, log.ends)
    for offset in range(15):
        watch.note([Record(offset, log.times[offset])])
    await watch.inspect(log, log.ends)
    assert (len(watch.lost), log.rewound) == (1, [PLACE])
    assert marks.kept == {("suggestions", 3): Mark(14, 5_014)}


async def test_a_group_that_had_kept_no_mark_yet_notices_that_it_was_sent_back() -> None:
    log, marks = well(), Marks()
    watch = LogWatch(marks, group="router")
    watch.note([Record(offset, log.times[offset]) for offset in range(10)])
    log.times = {offset: log.times[offset] for offset in range(5)}
    watch.note([Record(offset, log.times[offset]) for offset in range(5)])  # the library began anew: out of range
    await watch.inspect(log, log.ends)
    assert (len(watch.lost), log.rewound) == (1, [PLACE])


async def test_a_tail_handled_since_the_last_look_and_filled_again_before_the_next_is_noticed() -> None:
    log, marks = well(), Marks()
    watch = await looked(log, marks, 4)  # the mark that is kept stays intact
    watch.note([Record(offset, log.times[offset]) for offset in range(5, 10)])
    log.times |= {offset: 5_000 + offset for offset in range(7, 15)}
    watch.note([Record(offset, log.times[offset]) for offset in range(10, 15)])  # 7, 8 and 9 were never seen
    await watch.inspect(log, log.ends)
    assert (len(watch.lost), log.rewound) == (1, [PLACE])


async def test_quiet_hours_and_a_redelivery_are_no_loss() -> None:
    log, marks = Log({offset: 1_000 + 60_000 * offset for offset in range(10)}), Marks()
    watch = LogWatch(marks, group="router")
    for again in (range(6), range(3, 10)):
        watch.note([Record(offset, log.times[offset]) for offset in again])
    await watch.inspect(log, log.ends)
    assert (watch.lost, log.rewound) == ([], [])


async def test_an_edge_that_could_not_be_asked_for_is_asked_for_at_the_next_look() -> None:
    log, marks = well(), Marks()
    watch = LogWatch(marks, group="router")
    watch.note([Record(9, log.times[9])])
    log.times = {offset: 9_000 + offset for offset in range(20)}
    watch.note([Record(19, log.times[19])])
    await_broker, log.offsets_for_times = log.offsets_for_times, _away  # type: ignore[method-assign]  # away for once
    with pytest.raises(TimeoutError):
        await watch.inspect(log, log.ends)
    log.offsets_for_times = await_broker  # type: ignore[method-assign]  # back
    await watch.inspect(log, log.ends)
    assert len(watch.lost) == 1


async def test_a_loss_that_could_not_be_noted_is_found_again_at_the_next_look() -> None:
    log, marks = well(), Marks()
    watch = LogWatch(marks, group="router")
    watch.note([Record(9, log.times[9])])
    log.times = {offset: 9_000 + offset for offset in range(20)}
    watch.note([Record(19, log.times[19])])
    noted, marks.note_loss = marks.note_loss, _full  # type: ignore[method-assign]  # away for once
    with pytest.raises(TimeoutError):
        await watch.inspect(log, log.ends)
    marks.note_loss = noted  # type: ignore[method-assign]  # back
    await watch.inspect(log, log.ends)
    assert (len(watch.lost), log.rewound) == (1, [PLACE])


async def _full(_topic: str, _reason: str) -> None:
    raise TimeoutError


async def _away(_: Mapping[TopicPartition, int]) -> dict[TopicPartition, OffsetAndTimestamp | None]:
    raise TimeoutError
