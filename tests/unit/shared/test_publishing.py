"""The publisher with a producer that fails: given up, made anew, and never trusted with half a batch."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, OutOfOrderSequenceNumber

from shared.errors import PermanentError, Unavailable
from shared.messaging.encoding import Outgoing
from shared.messaging.publishing import Publisher

RECORD = Outgoing(topic="suggestions", key=b"S", value=b"{}", headers=[])


class Producer:
    """Acknowledges what it is sent, unless it has a failure to give."""

    def __init__(self, failure: Exception | None, *, at_once: bool = False) -> None:
        self._failure = failure
        self._at_once = at_once
        self.stopped = False

    async def start(self) -> None: ...

    async def stop(self) -> None:
        self.stopped = True

    async def send(self, *_: Any, **__: Any) -> asyncio.Future[None]:
        if self._failure and self._at_once:
            raise self._failure
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        future.set_exception(self._failure) if self._failure else future.set_result(None)
        return future


class Connection:
    """Hands out these producers, one after the other."""

    def __init__(self, *producers: Producer) -> None:
        self._left = list(producers)

    def producer(self) -> Producer:
        return self._left.pop(0)


@pytest.mark.parametrize("failure", [OutOfOrderSequenceNumber(), KafkaError()])
async def test_a_wedged_producer_is_replaced_and_the_next_try_goes_through(failure: Exception) -> None:
    """Row 28: after OutOfOrderSequenceNumber a producer refuses its partition for ever."""
    wedged, fresh = Producer(failure), Producer(None)
    publisher = Publisher(Connection(wedged, fresh))
    with pytest.raises(Unavailable):
        await publisher.publish([RECORD, RECORD])
    assert wedged.stopped
    assert type(failure).__name__ in (await publisher.check() or "")
    await publisher.publish([RECORD, RECORD])
    assert await publisher.check() is None
    assert not fresh.stopped


async def test_a_record_that_is_too_large_is_refused_for_good() -> None:
    """Row 29: waiting would not make it smaller."""
    publisher = Publisher(Connection(Producer(MessageSizeTooLargeError(), at_once=True)))
    with pytest.raises(PermanentError) as refused:
        await publisher.publish([RECORD])
    assert refused.value.code == "too-large"
