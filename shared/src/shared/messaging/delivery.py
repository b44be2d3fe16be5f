"""The delivery policy, said once: at least once in, effect exactly once, nothing skipped in silence.

* what can't be read or breaks the contract goes to the dead letters at once;
* a permanent error of the handler too;
* a transient error is retried for ever with growing, jittered pauses, and nothing is committed meanwhile;
* a bug (any other exception) is retried a few times, then goes to the dead letters;
* records of one key are handled in order, different keys side by side; the batch commits as one.

Handlers must be idempotent (conditional writes): a redelivery repeats whatever was not committed.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import structlog

from shared import crash_points
from shared.clock import Clock
from shared.contracts.envelope import Event
from shared.contracts.model import Contract
from shared.contracts.topics import EVENT_TYPES
from shared.errors import MinshengError, PermanentError, TransientError
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.decoding import Record, from_record
from shared.messaging.metrics import DeliveryMetrics
from shared.runtime.telemetry import traced

_log = structlog.get_logger(__name__)
Handler = Callable[[Event[Any]], Awaitable[None]]

MAX_BUG_ATTEMPTS = 4
FIRST_PAUSE_S = 0.2
MAX_PAUSE_S = 20.0
IN_PLACE_BUDGET_S = 60.0
"""How long a batch is retried in place before it is given back (seek), far below max.poll.interval."""
CONCURRENT_KEYS = 128
"""So many wait for the database together, and their inserts travel as one; what computes takes turns anyway."""


class Delivery:
    """Consumes batches of raw records for one consumer group.

    `handlers` maps event types to handlers; known types without a handler are of no concern to this
    group and pass. `accept` maps the types that may be on these topics at all.
    """

    def __init__(
        self,
        handlers: Mapping[str, Handler],
        dead_letters: DeadLetters,
        clock: Clock,
        metrics: DeliveryMetrics,
        *,
        accept: Mapping[str, type[Contract]] = EVENT_TYPES,
        by_source: Callable[[Record], Any] | None = None,
        concurrent_keys: int = CONCURRENT_KEYS,
    ) -> None:
        self._handlers = handlers
        self._dead_letters = dead_letters
        self._clock = clock
        self._metrics = metrics
        self._accept = accept
        self._concurrent_keys = concurrent_keys
        self._order_of = by_source or (lambda record: (record.topic, record.key or record.partition))
        self._attempts: dict[tuple[str, int, int], int] = {}
        self._done: set[tuple[str, int, int]] = set()
        self.last_progress = clock.monotonic()
        self.busy = False
        """Whether records are in hand: work that can wait then does."""
        self.on_done: Callable[[Sequence[Any]], None] | None = None
        """Called with each batch that is about to be committed."""

    async def __call__(self, records: Sequence[Record]) -> None:
        """Handle a batch; returning commits it, raising gives it back to be delivered again."""
        self.busy = True
        try:
            await self._patiently([record for record in records if _place(record) not in self._done])
        finally:
            self.busy = False
        self.last_progress = self._clock.monotonic()
        self._done.clear()
        if self.on_done is not None:
            self.on_done(records)

    async def _patiently(self, pending: list[Record]) -> None:
        started = self._clock.monotonic()
        failures = 0
        while pending := await self._round(pending):
            failures += 1
            pause = min(MAX_PAUSE_S, FIRST_PAUSE_S * 2**failures) * random.uniform(0.5, 1.0)
            if self._clock.monotonic() - started + pause > IN_PLACE_BUDGET_S:
                raise TransientError("the batch is given back after its retries in place")
            await self._clock.sleep(pause)

    async def _round(self, records: Sequence[Record]) -> list[Record]:
        """One attempt at every record; returns those to try again, in order."""
        groups: dict[Any, list[Record]] = {}
        for record in records:
            groups.setdefault(self._order_of(record), []).append(record)
        if len(groups) == 1:
            return await self._in_order(next(iter(groups.values())))
        slots = asyncio.Semaphore(self._concurrent_keys)

        async def bounded(group: list[Record]) -> list[Record]:
            async with slots:
                return await self._in_order(group)

        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(bounded(group)) for group in groups.values()]
        return [record for task in running for record in task.result()]

    async def _in_order(self, group: Sequence[Record]) -> list[Record]:
        for index, record in enumerate(group):
            if not await self._attempt(record):
                return list(group[index:])
        return []

    async def _attempt(self, record: Record) -> bool:
        """True when done with the record (handled, ignored or buried), False to try again later."""
        place = _place(record)
        attempt = self._attempts.get(place, 0) + 1
        kind = ""  # of what nobody can read
        try:
            event = from_record(record, types=self._accept)
            kind = event.type
            outcome = await self._handle(event, record.topic)
        except TransientError as error:
            # not counted as an attempt of the record: an outage must never turn into dead letters
            _log.warning("handling_delayed", topic=record.topic, code=error.code, error_type=type(error).__name__)
            self._count(record, kind, "retried")
            return False
        except PermanentError as error:
            return await self._bury(record, kind, error.code, str(error), attempt)
        except Exception as error:
            _log.error("handler_failed", topic=record.topic, attempt=attempt, exc_info=error)
            if attempt >= MAX_BUG_ATTEMPTS:
                return await self._bury(record, kind, type(error).__name__, "the handler failed unexpectedly", attempt)
            self._attempts[place] = attempt
            self._count(record, kind, "retried")
            return False
        self._finish(place)
        self._count(record, kind, outcome)
        return True

    async def _handle(self, event: Event[Any], topic: str) -> str:
        handler = self._handlers.get(event.type)
        if handler is None:
            return "ignored"
        crash_points.reach("before_effect")
        with (
            traced(f"consume {event.type}", event.traceparent),
            self._metrics.handling_seconds.labels(topic=topic).time(),
        ):
            try:
                await handler(event)
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    raise  # we are being stopped: no commit, redelivered
                # leaked from something the handler awaited; unhandled it would end the consume loop for good
                raise RuntimeError("a cancellation leaked out of the handler") from None
        crash_points.reach("after_effect")
        return "handled"

    async def _bury(self, record: Record, kind: str, error_type: str, error: str, attempts: int) -> bool:
        try:
            await self._dead_letters.bury(record, error_type=error_type, error=error, attempts=attempts)
        except MinshengError as failure:  # not buried: must not be committed
            _log.warning("burying_delayed", topic=record.topic, code=failure.code)
            return False
        _log.warning(
            "dead_letter",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            error_type=error_type,
            error=error,
        )
        self._metrics.dead_letters.labels(topic=record.topic, error_type=error_type).inc()
        self._finish(_place(record))
        self._count(record, kind, "dead-lettered")
        return True

    def _finish(self, place: tuple[str, int, int]) -> None:
        self._attempts.pop(place, None)
        self._done.add(place)

    def _count(self, record: Record, event_type: str, outcome: str) -> None:
        self._metrics.consumed.labels(topic=record.topic, type=event_type, outcome=outcome).inc()


def _place(record: Record) -> tuple[str, int, int]:
    return record.topic, record.partition, record.offset
