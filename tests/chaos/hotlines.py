"""Hotlines: work orders over Kafka and over HTTP, and now and then one that nobody can read."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import httpx2
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from tests.chaos.promised import CANARY_PHONE, Accepted, mark

TOPIC = "hotline-submissions"
HTTP_LINE = "chaos-line"
"""The name under which the campaign is let in over HTTP."""


def order_of(source: str, external_id: str, text: str) -> dict[str, object]:
    """The data of a work order; its contact is the canary."""
    return {
        "source": source,
        "external_id": external_id,
        "received_at": datetime.now(UTC).isoformat(),
        "text": text,
        "nature": "建议",
        "contact": {"phone": CANARY_PHONE},
    }


def envelope(data: object, *, event_id: str = "") -> bytes:
    """A structured CloudEvent, as a hotline's five lines make it."""
    event = {
        "specversion": "1.0",
        "id": event_id or uuid.uuid4().hex,
        "type": "hotline.submitted.v1",
        "source": "/hotlines/12345",
        "data": data,
    }
    return json.dumps(event, ensure_ascii=False).encode()


def broken(kind: int) -> tuple[str, bytes]:
    """A record that no programme can take in, with the canary in it where an error text might quote it; its mark."""
    signs = mark("broken")
    order = order_of("12345", signs, "路灯不亮")
    values = (
        f"{signs} 来电人 {CANARY_PHONE}".encode(),
        envelope({name: value for name, value in order.items() if name != "received_at"}, event_id=signs),
        envelope({**order, "contact": CANARY_PHONE}, event_id=signs),
        envelope({**order, "source": f"nobody{CANARY_PHONE}"}, event_id=signs),
        envelope({**order, CANARY_PHONE: "?", "place": {"town": CANARY_PHONE}}, event_id=signs),
    )
    return signs, values[kind % len(values)]


class Hotlines:
    """Repeats what was not acknowledged, as a careful hotline does."""

    def __init__(
        self, *, web: str, kafka: str, token: str, accepted: Accepted, patience_s: float, gave_up: list[str]
    ) -> None:
        self._web, self._kafka, self._token = web, kafka, token
        self._accepted = accepted
        self._patience_s = patience_s
        self._gave_up = gave_up
        self._lock = asyncio.Lock()
        self._broken = 0

    async def by_kafka(self, text: str) -> None:
        """A work order to the topic."""
        external_id = f"C{uuid.uuid4().hex[:12]}"
        if await self._sent(envelope(order_of("12345", external_id, text))):
            self._accepted.work_order(external_id, text)

    async def broken(self) -> None:
        """One that must lie in the dead letters in the end, whole."""
        self._broken += 1
        signs, value = broken(self._broken)
        if await self._sent(value):
            self._accepted.unreadable(signs)

    async def by_http(
        self, client: httpx2.AsyncClient, text: str, until: Callable[..., Awaitable[httpx2.Response | None]]
    ) -> None:
        """The same work order until it is answered with 202."""
        external_id = f"H{uuid.uuid4().hex[:12]}"
        order = order_of(HTTP_LINE, external_id, text)

        async def call() -> httpx2.Response:
            return await client.post(
                f"{self._web}/api/v1/hotline/submissions",
                json=order,
                headers={"Authorization": f"Bearer {self._token}"},
            )

        if await until("hotline", call) is not None:
            self._accepted.work_order(external_id, text)

    async def _sent(self, value: bytes) -> bool:
        """Repeated until the broker has acknowledged it."""
        began = time.monotonic()
        while time.monotonic() - began < self._patience_s:
            async with self._lock:  # one producer at a time is enough, and a new one each time survives any restart
                producer = AIOKafkaProducer(
                    bootstrap_servers=self._kafka, acks="all", enable_idempotence=True, request_timeout_ms=5_000
                )
                try:
                    async with asyncio.timeout(12):
                        await producer.start()
                        await producer.send_and_wait(TOPIC, value)
                    return True
                except (KafkaError, TimeoutError, OSError) as error:
                    self._accepted.answers[f"hotline {type(error).__name__}"] += 1
                finally:
                    try:
                        async with asyncio.timeout(2):
                            await producer.stop()
                    except (KafkaError, TimeoutError, OSError):
                        pass
            await asyncio.sleep(1)
        self._gave_up.append("hotline: not acknowledged")
        return False
