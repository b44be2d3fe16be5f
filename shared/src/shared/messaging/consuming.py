"""The consumers of a process as one thing to start, watch and stop."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from faststream.kafka import KafkaBroker

from shared.clock import Clock
from shared.errors import MinshengError
from shared.messaging.broker import stop_bounded, subscribe
from shared.messaging.delivery import Delivery
from shared.messaging.log_watch import LogWatch, MarksPort
from shared.messaging.metrics import DeliveryMetrics

_log = structlog.get_logger(__name__)
STALLED_S = 90.0
OBSERVE_EVERY_S = 3.0
OBSERVE_TIMEOUT_S = 5.0
UNANSWERED_S = 20.0
"""An idle process publishes nothing and waits for nothing: only asking shows that the broker is away."""


class Consuming:
    """Starts the broker's subscribers, retries until the broker is there, and tells health the truth:
    tasks alive, partitions held or none to hold, progress while there is lag, offsets within the log."""

    def __init__(
        self,
        broker: KafkaBroker,
        *,
        group: str,
        clock: Clock,
        metrics: DeliveryMetrics,
        marks: MarksPort | None = None,
    ) -> None:
        self._broker = broker
        self._group = group
        self._clock = clock
        self._metrics = metrics
        self._watched: list[tuple[Any, Delivery, tuple[str, ...]]] = []
        self._started = False
        self._start_error: str | None = "starting"
        self._watch = LogWatch(marks, group=group) if marks is not None else None
        self._lags: dict[int, int] = {}
        self._answered_at: float | None = None

    def add(self, topics: tuple[str, ...], delivery: Delivery, *, gather: bool = False) -> None:
        """Consume `topics` with `delivery`; `gather` as in `subscribe`."""
        if self._watch is not None:
            delivery.on_done = self._watch.note
        subscriber = subscribe(self._broker, topics, group=self._group, delivery=delivery, gather=gather)
        self._watched.append((subscriber, delivery, topics))

    async def run(self) -> None:
        """Start (retrying while the broker is away), then watch lag and offsets until cancelled."""
        while not self._started:
            try:
                await self._broker.start()
                self._started, self._start_error = True, None
            except (KafkaError, OSError) as error:
                self._start_error = type(error).__name__
                _log.warning("broker_not_reached", error_type=self._start_error)
                await stop_bounded(self._broker)
                await self._clock.sleep(1.0)
        while True:
            await self._observe()
            await self._clock.sleep(OBSERVE_EVERY_S)

    async def stop(self) -> None:
        """Bounded stop; what was not committed is delivered again."""
        await stop_bounded(self._broker)

    async def _observe(self) -> None:
        answered = False
        for subscriber, _, topics in self._watched:
            consumer = getattr(subscriber, "consumer", None)
            if consumer is None:
                continue
            lag = dict.fromkeys(topics, 0)
            try:
                async with asyncio.timeout(OBSERVE_TIMEOUT_S):
                    assigned: list[TopicPartition] = list(consumer.assignment())
                    ends = await consumer.end_offsets(assigned) if assigned else {}
                    if not assigned:  # more members than partitions: nothing to ask about but the broker itself
                        await consumer.topics()
                    answered = True
                    for place in assigned:
                        lag[place.topic] += max(0, ends[place] - await consumer.position(place))
                    if self._watch is not None:
                        await self._watch.inspect(consumer, ends)
            except (KafkaError, MinshengError, TimeoutError, OSError) as error:
                # a position in the middle of a rebalance, the marks' store: neither is the broker's silence
                _log.debug("observation_failed", error_type=type(error).__name__)
                continue
            for topic, records in lag.items():
                self._metrics.lag.labels(topic=topic, group=self._group).set(records)
            self._lags[id(subscriber)] = sum(lag.values())
        if answered:
            self._answered_at = self._clock.monotonic()

    async def check(self) -> str | None:
        """Readiness of consumption."""
        if self._start_error:
            return f"not consuming: {self._start_error}"
        if self._watch is not None and self._watch.lost:
            return "; ".join(self._watch.lost)
        for subscriber, delivery, topics in self._watched:
            name = "+".join(topics)
            tasks = list(getattr(subscriber, "tasks", ()))
            if not tasks or all(task.done() for task in tasks):
                return f"the consumer of {name} has ended"
            idle = self._clock.monotonic() - delivery.last_progress
            if self._lags.get(id(subscriber), 0) > 0 and idle > STALLED_S:
                return f"{name}: records wait, no progress for {idle:.0f} s"
        silence = self._clock.monotonic() - (self._answered_at or self._clock.monotonic())
        return f"the broker has not answered for {silence:.0f} s" if silence > UNANSWERED_S else None
