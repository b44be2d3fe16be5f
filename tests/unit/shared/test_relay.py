"""The relay: order per document, leases, bounded retries."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry

from shared.contracts.pending import Pending
from shared.errors import PermanentError, Unavailable
from shared.messaging.encoding import Outgoing
from shared.messaging.metrics import DeliveryMetrics
from shared.messaging.relay import Relay
from shared.messaging.sweeping import LEASE
from tests.support.broker import FakePublisher
from tests.support.clock import FrozenClock
from tests.support.records import outbox_entry


class FakeOutbox:
    """Keeps what is due; claims succeed unless told otherwise."""

    def __init__(self, clock: FrozenClock | None = None) -> None:
        self._clock = clock
        """With a clock, what was claimed falls due again when its lease ends."""
        self.waiting: list[Pending] = []
        self.marked: list[str] = []
        self.refuse: set[str] = set()
        self.claimed: set[str] = set()
        self.is_busy = False

    async def due(self, *, limit: int) -> list[Pending]:
        if self._clock is not None:
            return [one for one in self.waiting if one.leased_until <= self._clock.now()][:limit]
        return [one for one in self.waiting if one.document_id not in self.claimed][:limit]

    async def claim(self, batch: Sequence[Pending], *, until: datetime) -> list[Pending]:
        mine = [replace(one, leased_until=until) for one in batch if one.document_id not in self.refuse]
        self.claimed |= {one.document_id for one in mine}
        renewed = {one.document_id: one for one in mine}
        self.waiting = [renewed.get(one.document_id, one) for one in self.waiting]
        return mine

    async def mark_published(self, batch: Sequence[Pending]) -> None:
        if self.is_busy:
            raise Unavailable("the database is busy")
        self.marked += [pending.document_id for pending in batch]
        self.waiting = [one for one in self.waiting if one.document_id not in self.marked]


def pending(document_id: str, clock: FrozenClock, *events: str, lease: timedelta = LEASE) -> Pending:
    entries = [outbox_entry(document_id, event_id=event) for event in events or ("e1",)]
    return Pending(document_id=document_id, entries=entries, length=len(entries), leased_until=clock.now() + lease)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


async def run_until(relay: Relay, done: object, *, rounds: int = 1500) -> None:
    task = asyncio.create_task(relay.run())
    try:
        for _ in range(rounds):
            await asyncio.sleep(0.01)
            if callable(done) and done():
                return
        raise AssertionError("the relay did not come to it")
    finally:
        task.cancel()


def make(store: FakeOutbox, publisher: FakePublisher, clock: FrozenClock) -> Relay:
    return Relay(store, publisher, clock, DeliveryMetrics(CollectorRegistry()))


def ids(publisher: FakePublisher) -> list[str]:
    return [dict(record.headers)["ce_id"].decode() for record in publisher.published]


async def test_a_nudged_document_is_published_in_order_and_marked(clock: FrozenClock) -> None:
    store, publisher = FakeOutbox(), FakePublisher()
    relay = make(store, publisher, clock)
    relay.nudge(pending("A", clock, "e1", "e2"))
    await run_until(relay, lambda: store.marked == ["A"])
    assert ids(publisher) == ["e1", "e2"]


async def test_what_a_crash_left_behind_is_found_by_the_sweep(clock: FrozenClock) -> None:
    store, publisher = FakeOutbox(), FakePublisher()
    store.waiting = [pending("A", clock, lease=timedelta(0))]
    await run_until(make(store, publisher, clock), lambda: store.marked == ["A"])
    assert ids(publisher) == ["e1"]


async def test_a_document_that_another_process_claimed_is_left_to_it(clock: FrozenClock) -> None:
    store, publisher = FakeOutbox(), FakePublisher()
    store.waiting = [pending("A", clock, lease=timedelta(0)), pending("B", clock, lease=timedelta(0))]
    store.refuse = {"A"}
    await run_until(make(store, publisher, clock), lambda: store.marked == ["B"])
    assert {record.key for record in publisher.published} == {b"B"}


async def test_a_nudge_whose_lease_is_nearly_over_is_left_to_the_sweep(clock: FrozenClock) -> None:
    store, publisher = FakeOutbox(), FakePublisher()
    relay = make(store, publisher, clock)
    relay.nudge(pending("A", clock, lease=timedelta(seconds=1)))
    relay.nudge(pending("B", clock))
    await run_until(relay, lambda: store.marked == ["B"])
    assert store.marked == ["B"]


async def test_an_outage_is_retried_and_shows_in_the_health(clock: FrozenClock) -> None:
    store, publisher = FakeOutbox(), FakePublisher()
    publisher.failures = 3
    store.waiting = [pending("A", clock, lease=timedelta(0))]
    relay = make(store, publisher, clock)
    reasons: list[str | None] = []

    async def watch() -> None:
        while True:
            reasons.append(await relay.check())
            await asyncio.sleep(0)

    watcher = asyncio.create_task(watch())
    await run_until(relay, lambda: store.marked == ["A"])
    watcher.cancel()
    assert "3 publishes failed in a row" in reasons
    assert await relay.check() is None


async def test_after_an_outage_what_was_just_written_goes_out_without_waiting_for_its_lease_to_end(
    clock: FrozenClock,
) -> None:
    store, publisher = FakeOutbox(), FakePublisher()
    publisher.failures = 2
    relay = make(store, publisher, clock)
    relay.nudge(pending("A", clock, "e1", "e2"))
    relay.nudge(pending("B", clock))
    await run_until(relay, lambda: store.marked == ["A", "B"])
    assert ids(publisher) == ["e1", "e2", "e1"]


async def test_a_document_that_grew_before_it_was_marked_sends_only_what_is_new(clock: FrozenClock) -> None:
    store, publisher = FakeOutbox(), FakePublisher()
    relay = make(store, publisher, clock)
    store.is_busy = True
    relay.nudge(pending("A", clock, "e1"))
    task = asyncio.create_task(relay.run())
    while not publisher.published:
        await asyncio.sleep(0.01)
    store.waiting = [pending("A", clock, "e1", "e2", lease=timedelta(0))]
    relay.wake()
    while len(publisher.published) < 2:
        await asyncio.sleep(0.01)
    store.is_busy = False
    while store.marked.count("A") < 2:
        await asyncio.sleep(0.01)
    task.cancel()
    assert ids(publisher) == ["e1", "e2"]


async def test_an_event_that_the_broker_refuses_for_good_holds_up_no_other(clock: FrozenClock) -> None:
    """Row 29: one that is too large must not keep its batch in the outbox for ever."""
    store = FakeOutbox()

    class Picky(FakePublisher):
        async def publish(self, records: Sequence[Outgoing]) -> None:
            if any(record.key == b"LARGE" for record in records):
                raise PermanentError("the record is too large for the broker", code="too-large")
            await super().publish(records)

    publisher = Picky()
    relay = make(store, publisher, clock)
    for document in ("A", "LARGE", "B"):
        relay.nudge(pending(document, clock))
    await run_until(relay, lambda: store.marked == ["A", "B"])
    assert [record.key for record in publisher.published] == [b"A", b"B"]


def gauge(registry: CollectorRegistry, name: str) -> float | None:
    return registry.get_sample_value(name, {"relay": "relay"})


async def test_during_an_outage_the_oldest_waiting_event_grows_older_in_the_metrics(clock: FrozenClock) -> None:
    store, publisher, registry = FakeOutbox(clock), FakePublisher(), CollectorRegistry()
    publisher.failures = 1_000_000
    relay = Relay(store, publisher, clock, DeliveryMetrics(registry))
    store.waiting = [pending("A", clock, lease=timedelta(0))]
    task = asyncio.create_task(relay.run())
    written = clock.monotonic()
    while clock.monotonic() - written < 120:
        clock.advance(0.5)
        relay.wake()
        await asyncio.sleep(0.001)
        age = gauge(registry, "minsheng_outbox_oldest_seconds")
        assert age == pytest.approx(clock.monotonic() - written, abs=0.001)
    assert gauge(registry, "minsheng_relay_idle_seconds") == pytest.approx(relay.idle_s())
    publisher.failures = 0
    while not store.marked:
        clock.advance(0.5)
        relay.wake()
        await asyncio.sleep(0.001)
    task.cancel()
    assert gauge(registry, "minsheng_outbox_oldest_seconds") == 0


async def test_an_event_refused_for_good_shows_its_age_and_leaves_the_service_ready(clock: FrozenClock) -> None:
    class Refusing(FakePublisher):
        async def publish(self, records: Sequence[Outgoing]) -> None:
            raise PermanentError("the record is too large for the broker", code="too-large")

    registry = CollectorRegistry()
    relay = Relay(FakeOutbox(), Refusing(), clock, DeliveryMetrics(registry))
    relay.nudge(pending("LARGE", clock))
    task = asyncio.create_task(relay.run())
    await asyncio.sleep(0.05)
    clock.advance(40)
    assert gauge(registry, "minsheng_outbox_oldest_seconds") == pytest.approx(40, abs=0.1)
    assert await relay.check() is None or "gone round" in str(await relay.check())
    task.cancel()


async def test_a_stop_in_the_middle_of_a_burst_still_notes_what_was_acknowledged(clock: FrozenClock) -> None:
    store, publisher = FakeOutbox(), FakePublisher()
    relay = make(store, publisher, clock)
    publish = publisher.publish

    async def publish_while_more_comes(records: Sequence[Outgoing]) -> None:
        await publish(records)
        relay.nudge(pending(f"B{len(publisher.published)}", clock))  # never an idle moment
        await asyncio.sleep(0)

    publisher.publish = publish_while_more_comes
    relay.nudge(pending("A", clock))
    task = asyncio.create_task(relay.run())
    while len(publisher.published) < 20:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert set(store.marked) >= {record.key.decode() for record in publisher.published[:19]}
