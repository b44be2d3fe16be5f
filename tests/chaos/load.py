"""Residents, hotlines and recorders, as many as the campaign wants.

A client does what a careful client would: it repeats a call that failed, with the same Idempotency-Key, until it
has a receipt. Only a 202 counts as accepted.
"""

from __future__ import annotations

import asyncio
import io
import random
import struct
import time
import uuid
import wave
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import httpx2
import numpy as np

from tests.chaos.hotlines import Hotlines
from tests.chaos.promised import CANARY_PHONE, Accepted

TEXTS = (
    "建议在{place}增加电动车充电桩，居民从楼上拉电线充电，不安全。",
    "每次下大雨{place}就积水，希望增加排水设施，把下水道疏通一下。",
    "{place}早市占道经营，车开不过去，建议规范市场秩序，划出固定摊位。",
    "{place}老年人很多，做饭不方便，建议开办爱心食堂。",
    "{place}的垃圾桶好几天没人清理，建议每天清运两次。",
    "{place}小学门口没有红绿灯，孩子过马路危险，建议安装信号灯。",
    "关于{place}的一些想法，请有关同志看一看。",
)


@dataclass(frozen=True, kw_only=True)
class Shares:
    """Of all submissions; the rest is written on the page."""

    hotline: float = 0.15
    """Work orders, every fifth over HTTP; beside them, one for sixty submissions that nobody can read."""
    recordings: float = 0.04
    videos: float = 0.01


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


def short_video(seed: int) -> bytes:
    """A second of small grey pictures with sound, in an MP4 that no other equals."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as file:
        pictures = file.add_stream("mpeg4", rate=10)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        sound = file.add_stream("aac", rate=16_000, layout="mono")
        for number in range(10):
            picture = np.full((48, 64, 3), (seed * 7 + number * 20) % 256, dtype=np.uint8)
            file.mux(pictures.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        file.mux(pictures.encode(None))
        noise = np.random.default_rng(seed).uniform(-0.3, 0.3, (1, 16_000)).astype(np.float32)
        for start in range(0, 16_000 - 1023, 1024):
            frame = av.AudioFrame.from_ndarray(noise[:, start : start + 1024], format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 16_000, start, Fraction(1, 16_000)
            file.mux(sound.encode(frame))
        file.mux(sound.encode(None))
    # a box that players pass over makes this file its own, however little grey tells from grey
    return out.getvalue() + struct.pack(">I4sQ", 16, b"free", seed)


class Load:
    """Drives one channel mix against a running stack until told to stop."""

    def __init__(
        self, *, web: str, media: str, kafka: str, token: str, accepted: Accepted, seed: int, patience_s: float = 240
    ) -> None:
        self._web, self._media = web, media
        self._accepted = accepted
        self._random = random.Random(seed)
        self._jitter = random.Random(seed)  # apart, so that who had to wait changes nothing of what comes next
        self._patience_s = patience_s
        self._started = 0
        self.gave_up: list[str] = []
        self._hotlines = Hotlines(
            web=web, kafka=kafka, token=token, accepted=accepted, patience_s=patience_s, gave_up=self.gave_up
        )

    def _text(self) -> str:
        place = f"第{self._random.randrange(10_000)}小区"
        return self._random.choice(TEXTS).format(place=place)

    async def run(self, *, submissions: int, per_second: float, shares: Shares) -> None:
        """Start `submissions` at a steady rate, wherever the system stands; return when each has its answer."""
        limits = httpx2.Limits(max_connections=128)
        async with httpx2.AsyncClient(timeout=10, limits=limits) as client, asyncio.TaskGroup() as tasks:
            began = time.monotonic()
            while self._started < submissions:
                due = min(submissions, int((time.monotonic() - began) * per_second) + 1)
                while self._started < due:
                    self._started += 1
                    tasks.create_task(self._next(client, shares))
                    if shares.hotline and self._started % 60 == 0:
                        tasks.create_task(self._hotlines.broken())
                await asyncio.sleep(0.02)

    def _next(self, client: httpx2.AsyncClient, shares: Shares) -> Coroutine[Any, Any, None]:
        lot = self._random.random()
        if lot < shares.hotline / 5:
            return self._hotlines.by_http(client, self._text(), self._until_accepted)
        if lot < shares.hotline:
            return self._hotlines.by_kafka(self._text())
        if lot < shares.hotline + shares.recordings:
            return self._recording(client, "voice", spoken_note(self._started))
        if lot < shares.hotline + shares.recordings + shares.videos:
            return self._recording(client, "video", short_video(self._started))
        return self._suggestion(client, self._body())

    def _body(self) -> dict[str, object]:
        body: dict[str, object] = {"text": self._text()}
        if self._random.random() < 0.05:
            body |= {"contact": {"phone": CANARY_PHONE, "email": "canary@example.org"}, "identity": "sealed"}
        return body

    async def _suggestion(self, client: httpx2.AsyncClient, body: dict[str, object]) -> None:
        key = uuid.uuid4().hex

        async def call() -> httpx2.Response:
            return await client.post(f"{self._web}/api/v1/suggestions", json=body, headers={"Idempotency-Key": key})

        self._keep("web", await self._until_accepted("web", call))

    async def _recording(self, client: httpx2.AsyncClient, channel: str, recording: bytes) -> None:
        key, kind = uuid.uuid4().hex, {"voice": "audio/wav", "video": "video/mp4"}[channel]

        async def call() -> httpx2.Response:
            return await client.post(
                f"{self._media}/api/v1/recordings",
                files={"file": ("recording", recording, kind)},
                data={"channel": channel, "submission": "{}"},
                headers={"Idempotency-Key": key},
            )

        self._keep(channel, await self._until_accepted(channel, call))

    def _keep(self, channel: str, answer: httpx2.Response | None) -> None:
        if answer is not None:
            receipt = answer.json()
            self._accepted.receipt(receipt["suggestion_id"], channel, receipt["query_code"])

    async def _until_accepted(
        self, channel: str, call: Callable[[], Awaitable[httpx2.Response]]
    ) -> httpx2.Response | None:
        """The 202, whatever it took; None where it was refused or never came."""
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
                    return answer
                if answer.status_code not in (429, 500, 502, 503, 507):
                    self.gave_up.append(f"{channel}: {answer.status_code} {answer.text[:200]}")
                    return None
            await asyncio.sleep(pause)
            pause = min(5.0, pause * 2) * self._jitter.uniform(0.7, 1.3)
        self.gave_up.append(f"{channel}: no receipt within {self._patience_s:.0f} s")
        return None
