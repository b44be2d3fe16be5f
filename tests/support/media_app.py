"""The upload API as a test wants it: real routes and real probing, everything outside in memory."""

from __future__ import annotations

import base64
import contextlib
import functools
import io
import math
import struct
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
from fastapi import FastAPI

from intake_media import bootstrap
from intake_media.ports.media import MediaProbe
from intake_media.settings import Settings
from shared.runtime.towns import load_places
from tests.support.media_stores import FakeContacts, FakeOriginals, FakeRecordings

REPOSITORY = Path(__file__).parents[2]
WEB, MEDIA, DESK_URL = "http://web.test", "http://media.test", "http://desk.test"
KEY = base64.b64encode(b"k" * 32).decode()


places = functools.cache(lambda: load_places(REPOSITORY / "deploy" / "district"))


class MediaApp:
    """The app, its fakes, and a client that speaks to it."""

    def __init__(self, state: Path, *, probe: MediaProbe | None = None, **settings: Any) -> None:
        self.recordings = FakeRecordings()
        self.originals = FakeOriginals()
        self.contacts = FakeContacts()
        self.state = state
        given: dict[str, Any] = {
            "vault_key": KEY,
            "receipt_key": KEY,
            "media_grant_key": KEY,
            "desk_public_url": DESK_URL,
            "minsheng_state": state,
            "public_web_url": WEB,
            "public_media_url": MEDIA,
            "district_pack": REPOSITORY / "deploy" / "district",
            "rate_limits": "off",
        }
        self.app: FastAPI = bootstrap.api(
            Settings(**{**given, **settings}),
            probe=probe,
            places=places(),
            outside=bootstrap.Outside(
                recordings=self.recordings,
                jobs=self.recordings,
                originals=self.originals,
                contacts=self.contacts,
            ),
        )

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncIterator[httpx2.AsyncClient]:
        transport = httpx2.ASGITransport(app=self.app)
        async with httpx2.AsyncClient(transport=transport, base_url=MEDIA) as client:
            yield client

    def left_over(self) -> list[Path]:
        """Files of uploads that are still on the disk."""
        return [path for path in (self.state / "uploads").rglob("*") if path.is_file()]


def tone(seconds: float = 1.0) -> bytes:
    """A WAV file of a plain tone."""
    held = io.BytesIO()
    with wave.open(held, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16_000)
        out.writeframes(
            b"".join(
                struct.pack("<h", int(9_000 * math.sin(math.tau * 440 * n / 16_000)))
                for n in range(int(16_000 * seconds))
            )
        )
    return held.getvalue()
