"""FastStream set up so that nothing is lost: every default that loses data is overridden here, once.

Contract tests (`tests/contract`) pin the library behaviour that these choices rest on.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiokafka import ConsumerRecord
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.security import SASLScram512

from shared.messaging.connection import REQUEST_TIMEOUT_MS, KafkaConnection
from shared.messaging.delivery import Delivery

SESSION_TIMEOUT_MS = 6_000
MAX_POLL_INTERVAL_MS = 300_000
GRACEFUL_TIMEOUT_S = 5.0
BATCH_RECORDS = 200
GATHER_MS, GATHERED_BYTES = 100, 256 * 1024


async def safe_parser(records: Any, original: Callable[[Any], Awaitable[KafkaMessage]]) -> KafkaMessage:
    """Keep FastStream away from headers: null or binary ones crash it, and a sender's `reply_to` would
    divert our data. The raw records are put back, so that dead letters keep what came."""
    bare = tuple(dataclasses.replace(record, headers=()) for record in records)
    message = await original(bare)
    message.raw_message = records
    return message


async def raw_decoder(message: KafkaMessage, _original: object) -> Any:
    """Hand the raw records to the subscriber; decoding happens inside the delivery policy."""
    return message.raw_message


def build_broker(connection: KafkaConnection) -> KafkaBroker:
    """A broker that only consumes; publishing goes through the relay and the dead letters' publisher."""
    security = (
        SASLScram512(username=connection.username, password=connection.password or "", use_ssl=False)
        if connection.username is not None
        else None
    )
    return KafkaBroker(
        connection.bootstrap_servers.split(","),
        client_id=connection.client_id,
        consumer_only=True,
        allow_auto_create_topics=False,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        graceful_timeout=GRACEFUL_TIMEOUT_S,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        parser=safe_parser,
        decoder=raw_decoder,
        apply_types=False,
        security=security,
        logger=None,
    )


def subscribe(
    broker: KafkaBroker, topics: Sequence[str], *, group: str, delivery: Delivery, gather: bool = False
) -> Any:
    """Attach a delivery policy to topics; returns FastStream's subscriber (for health checks).

    `gather`: the broker holds records back for up to a tenth of a second until there are more, for work whose writes
    travel together and that nobody waits for.
    """
    subscriber = broker.subscriber(
        *topics,
        group_id=group,
        batch=True,
        max_records=BATCH_RECORDS,
        batch_timeout_ms=200,
        auto_offset_reset="earliest",
        session_timeout_ms=SESSION_TIMEOUT_MS,
        heartbeat_interval_ms=1_500,
        max_poll_interval_ms=MAX_POLL_INTERVAL_MS,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        no_reply=True,
        fetch_min_bytes=GATHERED_BYTES if gather else 1,
        fetch_max_wait_ms=GATHER_MS if gather else 500,
    )

    async def on_records(records: Sequence[ConsumerRecord[Any, Any]]) -> None:
        await delivery(records)

    subscriber(on_records)
    return subscriber


async def stop_bounded(broker: KafkaBroker, *, timeout_s: float = GRACEFUL_TIMEOUT_S + 3) -> None:
    """Stop consuming; a frozen broker can't hold the process (the library alone takes 40 s)."""
    try:
        async with asyncio.timeout(timeout_s):
            await broker.stop()
    except TimeoutError:  # what was not committed is delivered again
        pass
