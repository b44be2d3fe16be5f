"""After an outage: no hot loop, no herd, and nobody leaves the group for it."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from shared.contracts.envelope import Event
from shared.errors import TransientError, Unavailable
from shared.messaging import broker, delivery
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.delivery import CONCURRENT_KEYS, IN_PLACE_BUDGET_S, MAX_PAUSE_S, Delivery
from shared.messaging.metrics import DeliveryMetrics
from tests.support.broker import FakePublisher
from tests.support.clock import FrozenClock
from tests.support.records import submitted_record

WAITING = 500


class Storm:
    """Five hundred records and a dependency that is away until told otherwise."""

    def __init__(self) -> None:
        self.clock, self.publisher = FrozenClock(), FakePublisher()
        self.calls: Counter[str] = Counter()
        self.away, self.at_once, self.most_at_once = True, 0, 0
        self.records = [submitted_record(f"S{number}", offset=number) for number in range(WAITING)]
        self.delivery = Delivery(
            {"suggestion.submitted.v1": self._handle},
            DeadLetters(self.publisher, self.clock),
            self.clock,
            DeliveryMetrics(CollectorRegistry()),
        )

    async def _handle(self, event: Event[Any]) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.calls[event.subject] += 1
        try:
            await asyncio.sleep(0)
            if self.away:
                raise Unavailable("database")
        finally:
            self.at_once -= 1


async def test_waiting_records_are_tried_seldom_and_few_at_a_time_and_all_pass_when_the_outage_ends() -> None:
    """Row 33."""
    storm = Storm()
    with pytest.raises(TransientError):
        await storm.delivery(storm.records)
    tries = max(storm.calls.values())
    assert tries <= 10, "a minute of outage costs a record a handful of tries"
    assert storm.most_at_once <= CONCURRENT_KEYS
    assert all(later > earlier for earlier, later in zip(storm.clock.slept[:5], storm.clock.slept[2:7], strict=False))
    assert max(storm.clock.slept) <= MAX_PAUSE_S
    storm.away = False
    storm.calls.clear()
    await storm.delivery(storm.records)
    assert set(storm.calls.values()) == {1}
    assert len(storm.calls) == WAITING
    assert storm.publisher.published == []


async def test_processes_that_fail_together_do_not_come_back_together() -> None:
    """Row 33: the pauses are jittered."""
    pauses = set()
    for _ in range(8):
        storm = Storm()
        with pytest.raises(TransientError):
            await storm.delivery(storm.records[:1])
        pauses.add(round(storm.clock.slept[0], 6))
    assert len(pauses) > 4


def test_a_batch_is_given_back_long_before_its_member_would_be_put_out_of_the_group() -> None:
    """Row 13, for what is consumed and not leased: retrying in place never costs the membership."""
    assert (IN_PLACE_BUDGET_S + MAX_PAUSE_S) * 1000 * 2 < broker.MAX_POLL_INTERVAL_MS
    assert delivery.MAX_PAUSE_S < IN_PLACE_BUDGET_S
