"""A client of the public interfaces, the one that a unit's or a hotline's own program would be."""

import asyncio
import json
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx2
from ulid import ULID

from shared.clock import SystemClock
from shared.contracts.model import rfc3339
from shared.messaging.connection import KafkaConnection

HOTLINE_TOPIC = "hotline-submissions"
MEDIA_TYPES = {
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".webm": "video/webm",
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
}


class Refused(RuntimeError):
    """The service said no; the message is its problem document in one line."""


class Unreachable(RuntimeError):
    """No answer within the time given, whatever was tried."""


@dataclass(frozen=True, slots=True)
class Published:
    """Where a hotline's record went."""

    event_id: str
    partition: int
    offset: int


class Client:
    """Submits and asks over HTTP; a repeat after an unknown outcome carries the same `Idempotency-Key`."""

    def __init__(self, web: str, media: str, *, patience_s: float = 15.0, language: str = "zh-CN") -> None:
        self._web = web
        self._media = media
        self._patience_s = patience_s
        self._http = httpx2.AsyncClient(timeout=30, headers={"Accept-Language": language})

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def submit_text(self, submission: dict[str, Any], key: str) -> dict[str, Any]:
        """Send a suggestion; returns the receipt."""
        return await self._post(f"{self._web}/api/v1/suggestions", headers={"Idempotency-Key": key}, json=submission)

    async def submit_recording(self, file: Path, channel: str, submission: dict[str, Any], key: str) -> dict[str, Any]:
        """Upload a voice or video file; returns the receipt."""
        media_type = MEDIA_TYPES.get(file.suffix.lower(), "application/octet-stream")
        return await self._post(
            f"{self._media}/api/v1/recordings",
            headers={"Idempotency-Key": key},
            files={"file": (file.name, file.read_bytes(), media_type)},
            data={"channel": channel, "submission": json.dumps(submission, ensure_ascii=False)},
        )

    async def submit_hotline(self, work_order: dict[str, Any], token: str) -> dict[str, Any]:
        """Send a work order over HTTP; the hotline's own number makes a repeat harmless."""
        headers = {"Authorization": f"Bearer {token}"}
        return await self._post(f"{self._web}/api/v1/hotline/submissions", headers=headers, json=work_order)

    async def track(self, query_code: str) -> dict[str, Any]:
        """The state of a suggestion by its query code."""
        return await self._post(f"{self._web}/api/v1/tracking", json={"query_code": query_code})

    async def _post(self, url: str, **options: Any) -> dict[str, Any]:
        ends = time.monotonic() + self._patience_s
        pause = 0.3
        while True:
            try:
                answer = await self._http.post(url, **options)
                if answer.status_code not in (429, 502, 503, 504):
                    break
                reason = f"{answer.status_code} from {url}"
                pause = max(pause, float(answer.headers.get("Retry-After", 0) or 0))
            except httpx2.HTTPError as error:
                reason = f"no answer from {url} ({type(error).__name__})"
            if time.monotonic() + pause > ends:
                raise Unreachable(reason)
            await asyncio.sleep(pause)
            pause = min(pause * 1.7, 5)
        if answer.status_code >= 400:
            raise Refused(_problem(answer))
        body: dict[str, Any] = answer.json()
        return body


def _problem(answer: httpx2.Response) -> str:
    try:
        body = answer.json()
        where = ", ".join(f"{e.get('pointer')}: {e.get('message')}" for e in body.get("errors", []))
        parts = [str(answer.status_code), str(body.get("title", "")), str(body.get("detail", "")), where]
        return " – ".join(part for part in parts if part)
    except (ValueError, AttributeError):
        return f"{answer.status_code} from {answer.url}"


async def publish_work_order(connection: KafkaConnection, work_order: dict[str, Any]) -> Published:
    """Publish as a hotline does: one structured CloudEvent, no header, no key. Raises `Unreachable`."""
    from aiokafka.errors import KafkaError

    event_id = str(ULID())
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": event_id,
        "type": "hotline.submitted.v1",
        "source": f"hotline/{work_order['source']}",
        "time": rfc3339(SystemClock().now()),
        "datacontenttype": "application/json",
        "data": work_order,
    }
    producer = connection.producer()
    try:
        await producer.start()
        told = await producer.send_and_wait(HOTLINE_TOPIC, json.dumps(event, ensure_ascii=False).encode())
    except KafkaError as error:
        raise Unreachable(f"Kafka on {connection.bootstrap_servers}: {type(error).__name__}") from error
    finally:
        await producer.stop()
    return Published(event_id, told.partition, told.offset)
