"""The one sender of a process: sequential sends (order per key), bounded waits, a producer made anew when wedged."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, OutOfOrderSequenceNumber

from shared.errors import PermanentError, Unavailable
from shared.messaging.connection import KafkaConnection
from shared.messaging.encoding import Outgoing

_log = structlog.get_logger(__name__)
ACK_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 3.0


class Publisher:
    """Sends records in the order given and returns when all are acknowledged by the broker.

    An idempotent producer never gives up by itself (it waits for ever while the broker is down) and stays
    wedged after OutOfOrderSequenceNumber; here both end in `Unavailable` and a new producer.
    """

    def __init__(self, connection: KafkaConnection, *, ack_timeout_s: float = ACK_TIMEOUT_S) -> None:
        self._connection = connection
        self._ack_timeout_s = ack_timeout_s
        self._producer: AIOKafkaProducer | None = None
        self._lock = asyncio.Lock()  # one sender at a time: concurrent sends lose order even without faults
        self.last_error: str | None = None

    async def publish(self, records: Sequence[Outgoing]) -> None:
        """Send all, in order, and await every acknowledgement.

        Raises:
            Unavailable: not known to be published; publish again (consumers deduplicate on the event id).
            PermanentError: `too-large` for the broker; no retry will help.
        """
        async with self._lock:
            try:
                async with asyncio.timeout(self._ack_timeout_s):
                    producer = await self._started()
                    futures = [
                        await producer.send(record.topic, record.value, key=record.key, headers=record.headers)
                        for record in records
                    ]
                    results = await asyncio.gather(*futures, return_exceptions=True)
            except MessageSizeTooLargeError:
                raise PermanentError("the record is too large for the broker", code="too-large") from None
            except (KafkaError, TimeoutError, OSError) as error:
                await self._fail(error)
            else:
                for result in results:
                    if isinstance(result, BaseException):
                        await self._fail(result)
                self.last_error = None

    async def _started(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = self._connection.producer()
            try:
                await producer.start()
            except BaseException:
                await _stop(producer)
                raise
            self._producer = producer
        return self._producer

    async def _fail(self, error: BaseException) -> None:
        """Drop the producer, since what it still holds may never leave, and say so."""
        wedged = isinstance(error, OutOfOrderSequenceNumber)
        _log.warning("publish_failed", error_type=type(error).__name__, wedged=wedged)
        self.last_error = type(error).__name__
        await self.stop()
        raise Unavailable(f"publish: {type(error).__name__}") from error

    async def stop(self) -> None:
        """Bounded: the library's own stop can hang for ever on a pending send."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await _stop(producer)

    async def check(self) -> str | None:
        """Readiness: the last publish went through."""
        return f"last publish failed: {self.last_error}" if self.last_error else None


async def _stop(producer: AIOKafkaProducer) -> None:
    try:
        async with asyncio.timeout(STOP_TIMEOUT_S):
            await producer.stop()
    except Exception:  # includes TimeoutError; what is left is closed by force below
        sender = getattr(producer, "_sender", None)
        task = getattr(sender, "_sender_task", None)
        if task is not None:
            task.cancel()
        with contextlib.suppress(Exception):  # it is given up; a new one takes its place
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await producer.client.close()
    # aiokafka warns at garbage collection unless it believes itself closed
    producer._closed = True
