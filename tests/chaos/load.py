"""Residents, hotlines and recorders, as many as the campaign wants; what was accepted is written down outside.

A client does what a careful client would: it repeats a call that failed, with the same Idempotency-Key, until it
has a receipt. Only a 202 counts as accepted.
"""

from __future__ import annotations

import asyncio
import io
import json
import random
import time
import uuid
import wave
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx2
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

TEXTS = (
    "建议在{place}增加电动车充电桩，居民从楼上拉电线充电，不安全。",
    "每次下大雨{place}就积水，希望增加排水设施，把下水道疏通一下。",
    "{place}早市占道经营，车开不过去，建议规范市场秩序，划出固定摊位。",
    "{place}老年人很多，做饭不方便，建议开办爱心食堂。",
    "{place}的垃圾桶好几天没人清理，建议每天清运两次。",
    "{place}小学门口没有红绿灯，孩子过马路危险，建议安装信号灯。",
    "关于{place}的一些想法，请有关同志看一看。",
)
CANARY_PHONE = "13912345670"
"""No topic but hotline-submissions, no log, metric or dead letter may ever hold it."""


@dataclass
class Accepted:
    """What the system promised to somebody; appended to a file as it happens."""

    path: Path
    suggestions: dict[str, str] = field(default_factory=dict)
    """suggestion id → channel"""
    work_orders: dict[str, str] = field(default_factory=dict)
    """hotline's external id → text, published to Kafka and acknowledged by the broker"""
    answers: Counter[str] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)

    def receipt(self, suggestion_id: str, channel: str) -> None:
        self.suggestions[suggestion_id] = channel
        with self.path.open("a") as log:
            log.write(json.dumps({"suggestion_id": suggestion_id, "channel": channel}) + "\n")

    def work_order(self, external_id: str, text: str) -> None:
        self.work_orders[external_id] = text
        with self.path.open("a") as log:
            log.write(json.dumps({"external_id": external_id}) + "\n")

    @property
    def total(self) -> int:
        return len(self.suggestions) + len(self.work_orders)


def spoken_note(seed: int) -> bytes:
    """A second of sound that no other note equals (the transcriber is a fake in the campaign)."""
    samples = random.Random(seed).randbytes(16_000)
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(16_000)
        file.writeframes(samples)
    return out.getvalue()


class Load:
    """Drives one channel mix against a running stack until told to stop."""

    def __init__(
        self, *, web: str, media: str, kafka: str, accepted: Accepted, seed: int, patience_s: float = 240
    ) -> None:
        self._web, self._media, self._kafka = web, media, kafka
        self._accepted = accepted
        self._random = random.Random(seed)
        self._jitter = random.Random(seed)  # apart, so that who had to wait changes nothing of what comes next
        self._patience_s = patience_s
        self._started = 0
        self.gave_up: list[str] = []

    def _text(self) -> str:
        place = f"第{self._random.randrange(10_000)}小区"
        return self._random.choice(TEXTS).format(place=place)

    async def run(self, *, submissions: int, per_second: float, recordings: float, hotline: float) -> None:
        """Start `submissions` at a steady rate, wherever the system stands; return when each has its answer."""
        limits = httpx2.Limits(max_connections=128)
        async with httpx2.AsyncClient(timeout=10, limits=limits) as client, asyncio.TaskGroup() as tasks:
            producer_lock = asyncio.Lock()
            began = time.monotonic()
            while self._started < submissions:
                due = min(submissions, int((time.monotonic() - began) * per_second) + 1)
                while self._started < due:
                    self._started += 1
                    kind = self._random.random()
                    if kind < hotline:
                        tasks.create_task(self._work_order(producer_lock, self._text()))
                    elif kind < hotline + recordings:
                        tasks.create_task(self._recording(client, self._started))
                    else:
                        tasks.create_task(self._suggestion(client, self._body()))
                await asyncio.sleep(0.02)

    def _body(self) -> dict[str, object]:
        body: dict[str, object] = {"text": self._text()}
        if self._random.random() < 0.05:
            body |= {"contact": {"phone": CANARY_PHONE, "email": "canary@example.org"}, "identity": "sealed"}
        return body

    async def _suggestion(self, client: httpx2.AsyncClient, body: dict[str, object]) -> None:
        key = uuid.uuid4().hex

        async def call() -> httpx2.Response:
            return await client.post(f"{self._web}/api/v1/suggestions", json=body, headers={"Idempotency-Key": key})

        await self._until_accepted("web", call)

    async def _recording(self, client: httpx2.AsyncClient, number: int) -> None:
        note, key = spoken_note(number), uuid.uuid4().hex

        async def call() -> httpx2.Response:
            return await client.post(
                f"{self._media}/api/v1/recordings",
                files={"file": ("note.wav", note, "audio/wav")},
                data={"channel": "voice", "submission": "{}"},
                headers={"Idempotency-Key": key},
            )

        await self._until_accepted("voice", call)

    async def _until_accepted(self, channel: str, call) -> None:  # type: ignore[no-untyped-def]
        began = time.monotonic()
        pause = 0.2
        while time.monotonic() - began < self._patience_s:
            sent = time.monotonic()
            try:
                answer = await call()
            except httpx2.TransportError as error:
                self._accepted.answers[type(error).__name__] += 1
            else:
                self._accepted.answers[f"{channel} {answer.status_code}"] += 1
                if answer.status_code == 202:
                    self._accepted.latencies.append(time.monotonic() - sent)
                    self._accepted.receipt(answer.json()["suggestion_id"], channel)
                    return
                if answer.status_code not in (429, 500, 502, 503, 507):
                    self.gave_up.append(f"{channel}: {answer.status_code} {answer.text[:200]}")
                    return
            await asyncio.sleep(pause)
            pause = min(5.0, pause * 2) * self._jitter.uniform(0.7, 1.3)
        self.gave_up.append(f"{channel}: no receipt within {self._patience_s:.0f} s")

    async def _work_order(self, lock: asyncio.Lock, text: str) -> None:
        """What a hotline's five lines do: a structured CloudEvent to Kafka, repeated until acknowledged."""
        external_id = f"C{uuid.uuid4().hex[:12]}"
        value = json.dumps(
            {
                "specversion": "1.0",
                "id": uuid.uuid4().hex,
                "type": "hotline.submitted.v1",
                "source": "/hotlines/12345",
                "data": {
                    "source": "12345",
                    "external_id": external_id,
                    "received_at": datetime.now(UTC).isoformat(),
                    "text": text,
                    "nature": "建议",
                    "contact": {"phone": CANARY_PHONE},
                },
            },
            ensure_ascii=False,
        ).encode()
        began = time.monotonic()
        while time.monotonic() - began < self._patience_s:
            async with lock:  # one producer at a time is enough, and a new one each time survives any restart
                producer = AIOKafkaProducer(
                    bootstrap_servers=self._kafka, acks="all", enable_idempotence=True, request_timeout_ms=5_000
                )
                try:
                    async with asyncio.timeout(12):
                        await producer.start()
                        await producer.send_and_wait("hotline-submissions", value)
                    self._accepted.work_order(external_id, text)
                    return
                except (KafkaError, TimeoutError, OSError) as error:
                    self._accepted.answers[f"hotline {type(error).__name__}"] += 1
                finally:
                    try:
                        async with asyncio.timeout(2):
                            await producer.stop()
                    except (KafkaError, TimeoutError, OSError):
                        pass
            await asyncio.sleep(1)
        self.gave_up.append("hotline: not acknowledged")
