"""A log that lost its tail is noticed, however soon it was filled again; one whose front grew too old is well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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
