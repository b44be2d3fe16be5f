"""A log that lost its tail under a living idempotent producer: that producer is wedged for good, a new one is not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka.errors import OutOfOrderSequenceNumber

from minsheng.control import Running, supervisor
from minsheng.places import Places
from shared.errors import Unavailable
from shared.messaging.connection import KafkaConnection
from shared.messaging.encoding import Outgoing
from shared.messaging.publishing import Publisher
from tests.support.infrastructure import free_offset, minsheng
from tests.support.kafka import Workbench, workbench

pytestmark = pytest.mark.connected
PER_RECORD = 2_000


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    """A broker whose log may be cut."""
    env = {"MINSHENG_STATE": str(tmp_path_factory.mktemp("cut")), "MINSHENG_PORT_OFFSET": str(free_offset())}
    env |= {"KAFKA_BOOTSTRAP_SERVERS": "", "SECURE": "0"}
    started = minsheng("up", "--detach", "--only", "kafka", env=env)
    assert started.returncode == 0, started.stdout + started.stderr
    try:
        yield Places.from_environment(env)
    finally:
        minsheng("down", env=env)


def cut(folder: Path, *, to: float) -> None:
    """Keep this share of the partition's one segment, as a power cut may; indexes and snapshots are made anew."""
    [segment] = folder.glob("*.log")
    with segment.open("r+b") as file:
        file.truncate(int(segment.stat().st_size * to))
    for pattern in ("*.index", "*.timeindex", "*.snapshot"):
        for path in folder.glob(pattern):
            path.unlink()


async def with_a_cut_log(ground: Places, bench: Workbench, *, to: float) -> None:
    """The broker stops, its log is cut, it comes back."""

    def act() -> None:
        with supervisor(Running.load(ground).endpoint, timeout=90) as control:
            control.stop("kafka")
            [folder] = (ground.state / "kafka").rglob(f"{bench.topic}-0")
            cut(folder, to=to)
            for marker in (ground.state / "kafka").rglob(".kafka_cleanshutdown"):
                marker.unlink()  # the broker must not believe that it stopped cleanly
            control.start("kafka")

    await asyncio.to_thread(act)


async def test_a_producer_whose_records_were_cut_off_is_wedged_and_our_publisher_makes_a_new_one(
    ground: Places,
) -> None:
    """Row 28, on a log that was really cut."""
    bench = await workbench(KafkaConnection(bootstrap_servers=ground.kafka, client_id="cut"))
    library, publisher = bench.connection.producer(), Publisher(bench.connection)
    record = Outgoing(topic=bench.topic, key=None, value=b"." * PER_RECORD, headers=[])
    await library.start()
    try:
        for _ in range(20):
            await publisher.publish([record])
            await library.send_and_wait(bench.topic, record.value)
        await with_a_cut_log(ground, bench, to=0.5)
        for _ in range(3):
            with pytest.raises(OutOfOrderSequenceNumber):
                await asyncio.wait_for(library.send_and_wait(bench.topic, b"wedged"), 30)
        with pytest.raises(Unavailable, match="OutOfOrderSequenceNumber"):
            await publisher.publish([record])
        await publisher.publish([record])
        values = await bench.values()
        assert b"wedged" not in values
        assert 10 < len(values) < 40
    finally:
        await publisher.stop()
        await library.stop()


async def test_a_producer_that_the_broker_does_not_know_any_more_goes_on(ground: Places) -> None:
    """`UnknownProducerId` does not come: Apache Kafka 4 takes any sequence of a producer it has no memory of."""
    bench = await workbench(KafkaConnection(bootstrap_servers=ground.kafka, client_id="cut"))
    library = bench.connection.producer()
    await library.start()
    try:
        for _ in range(5):
            await library.send_and_wait(bench.topic, b"gone")
        await with_a_cut_log(ground, bench, to=0)
        await asyncio.wait_for(library.send_and_wait(bench.topic, b"taken"), 30)
        assert await bench.values() == [b"taken"]
    finally:
        await library.stop()
