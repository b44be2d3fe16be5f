"""Health of consumption by progress, and how our subscribers are set up."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from aiokafka.errors import KafkaConnectionError
from faststream import AckPolicy
from prometheus_client import CollectorRegistry

from shared.messaging.broker import build_broker, subscribe
from shared.messaging.connection import KafkaConnection
from shared.messaging.consuming import STALLED_S, UNANSWERED_S, Consuming
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.delivery import Delivery
from shared.messaging.metrics import DeliveryMetrics
from tests.support.broker import FakePublisher
from tests.support.clock import FrozenClock

NOWHERE = KafkaConnection(bootstrap_servers="127.0.0.1:9", client_id="tests")


def delivery_of(clock: FrozenClock, metrics: DeliveryMetrics) -> Delivery:
    return Delivery({}, DeadLetters(FakePublisher(), clock), clock, metrics)


async def test_records_that_wait_without_progress_turn_readiness_red() -> None:
    """Row 21: a consumer whose task lives, and does nothing."""
    clock, metrics = FrozenClock(), DeliveryMetrics(CollectorRegistry())
    consuming = Consuming(build_broker(NOWHERE), group="g", clock=clock, metrics=metrics)
    consuming.add(("suggestions",), delivery_of(clock, metrics))
    asleep = asyncio.create_task(asyncio.sleep(3600))
    subscriber: Any = SimpleNamespace(tasks=[asleep])
    consuming._start_error = None
    consuming._watched = [(subscriber, consuming._watched[0][1], ("suggestions",))]
    clock.advance(STALLED_S + 1)
    assert await consuming.check() is None, "an idle topic is no fault"
    consuming._lags[id(subscriber)] = 3
    assert await consuming.check() == "suggestions: records wait, no progress for 91 s"
    asleep.cancel()


async def test_a_broker_that_is_away_from_an_idle_process_turns_readiness_red_until_it_answers() -> None:
    """Row 7 and row 5: nothing to publish and no record that waits, and yet not well."""
    clock, metrics = FrozenClock(), DeliveryMetrics(CollectorRegistry())
    consuming = Consuming(build_broker(NOWHERE), group="g", clock=clock, metrics=metrics)
    consuming.add(("suggestions",), delivery_of(clock, metrics))
    away = False

    class Idle:
        def assignment(self) -> set[Any]:
            return set()

        async def topics(self) -> set[str]:
            if away:
                raise KafkaConnectionError
            return set()

    asleep = asyncio.create_task(asyncio.sleep(3600))
    consuming._start_error = None
    subscriber: Any = SimpleNamespace(tasks=[asleep], consumer=Idle())
    consuming._watched = [(subscriber, consuming._watched[0][1], ("suggestions",))]
    clock.advance(1)
    await consuming._observe()
    away = True
    clock.advance(UNANSWERED_S + 1)
    await consuming._observe()
    assert await consuming.check() == "the broker has not answered for 21 s"
    away = False
    await consuming._observe()
    assert await consuming.check() is None
    asleep.cancel()


def test_subscribers_never_keep_records_in_memory_beyond_the_one_batch_they_answer_for() -> None:
    """Row 24: several workers in one subscriber lose what waits in memory at a stop, or do it again at each restart."""
    clock, metrics = FrozenClock(), DeliveryMetrics(CollectorRegistry())
    subscriber = subscribe(build_broker(NOWHERE), ["suggestions"], group="g", delivery=delivery_of(clock, metrics))
    assert type(subscriber).__name__ == "BatchSubscriber"
    assert subscriber.ack_policy is AckPolicy.NACK_ON_ERROR
