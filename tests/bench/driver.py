"""A lean HTTP driver: keep-alive connections that post one body after the other, so that the client costs little."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlparse


@dataclass
class Rate:
    """What a run measured; latencies in seconds."""

    requests: int = 0
    seconds: float = 0.0
    refused: int = 0
    latencies: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        """`share` 0–1 of the latencies, in milliseconds."""
        if not self.latencies:
            return float("nan")
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000


async def post_many(
    url: str, body: Callable[[int], bytes], *, total: int, connections: int = 32, per_second: float | None = None
) -> Rate:
    """Post `total` bodies; `per_second` paces them (open loop), else as fast as answers come."""
    parts = urlparse(url)
    head = (
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
        "Content-Length: %d\r\n\r\n"
    )
    rate, numbers, began = Rate(), iter(range(total)), time.perf_counter()

    async def one_connection() -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            for number in numbers:
                if per_second:
                    await asyncio.sleep(max(0.0, began + number / per_second - time.perf_counter()))
                payload = body(number)
                sent = time.perf_counter()
                writer.write((head % len(payload)).encode() + payload)
                answer = await reader.readuntil(b"\r\n\r\n")
                length = int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                await reader.readexactly(length)
                rate.latencies.append(time.perf_counter() - sent)
                rate.requests += 1
                rate.refused += not answer.startswith((b"HTTP/1.1 202", b"HTTP/1.1 200"))
        finally:
            writer.close()

    await asyncio.gather(*(one_connection() for _ in range(connections)))
    rate.seconds = time.perf_counter() - began
    return rate
