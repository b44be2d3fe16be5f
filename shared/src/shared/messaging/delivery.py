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
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from shared.clock import Clock
from shared.contracts.model import Contract
from shared.contracts.topics import EVENT_TYPES
from shared.errors import TransientError
from shared.messaging.attempts import Attempts, Handler
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.decoding import Record
from shared.messaging.metrics import DeliveryMetrics

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
        self._attempts = Attempts(handlers, dead_letters, metrics, accept=accept)
        self._clock = clock
        self._concurrent_keys = concurrent_keys
        self._order_of = by_source or (lambda record: (record.topic, record.key or record.partition))
        self.last_progress = clock.monotonic()
        self.busy = False
        """Whether records are in hand: work that can wait then does."""
        self.on_done: Callable[[Sequence[Any]], None] | None = None
        """Called with each batch that is about to be committed."""

    async def __call__(self, records: Sequence[Record]) -> None:
        """Handle a batch; returning commits it, raising gives it back to be delivered again."""
        self.busy = True
        try:
            await self._patiently([record for record in records if not self._attempts.done_with(record)])
        finally:
            self.busy = False
        self.last_progress = self._clock.monotonic()
        self._attempts.committed()
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
            if not await self._attempts.attempt(record):
                return list(group[index:])
        return []
