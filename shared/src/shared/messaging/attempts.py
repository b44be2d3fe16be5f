"""One attempt at one record, as `delivery` orders it: it was handled, ignored or buried, or is to be tried again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog

from shared import crash_points
from shared.contracts.envelope import Event
from shared.contracts.model import Contract
from shared.errors import MinshengError, PermanentError, TransientError
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.decoding import Record, from_record
from shared.messaging.metrics import DeliveryMetrics
from shared.runtime.telemetry import traced

_log = structlog.get_logger(__name__)
Handler = Callable[[Event[Any]], Awaitable[None]]

MAX_BUG_ATTEMPTS = 4


class Attempts:
    """Takes records to their handlers, and remembers which of the batch are done and how often others failed."""

    def __init__(
        self,
        handlers: Mapping[str, Handler],
        dead_letters: DeadLetters,
        metrics: DeliveryMetrics,
        *,
        accept: Mapping[str, type[Contract]],
    ) -> None:
        self._handlers = handlers
        self._dead_letters = dead_letters
        self._metrics = metrics
        self._accept = accept
        self._attempts: dict[tuple[str, int, int], int] = {}
        self._done: set[tuple[str, int, int]] = set()

    def done_with(self, record: Record) -> bool:
        """Whether it was handled, ignored or buried since the last commit."""
        return _place(record) in self._done

    def committed(self) -> None:
        """What is done comes no more."""
        self._done.clear()

    async def attempt(self, record: Record) -> bool:
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
