"""Recordings and what is made from them, behind claim checks in the blob store."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import date, datetime
from pathlib import Path
from urllib.parse import unquote, urlparse

from shared.contracts.suggestions import MediaRef
from shared.errors import NotFound, PermanentError
from shared.storage.blobs import CHUNK, Blobs

FOLDER = "recordings"
"""Keys are `recordings/<day received>/<suggestion id>/<file>`: opaque, and a day's leftovers can be listed."""


class BlobOriginals:
    """The `Originals` port over `shared.storage.blobs`."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    async def keep(
        self, key: str, path: Path, *, role: str, media_type: str, duration_s: float | None = None
    ) -> MediaRef:
        """Store a file so that a power cut can't take it, and return its claim check."""
        stored = await self._blobs.put_file(key, path, media_type=media_type)
        if stored.uri.startswith("file://"):
            await asyncio.to_thread(_sync, Path(unquote(urlparse(stored.uri).path)))
        return MediaRef(
            role=role,
            uri=stored.uri,
            sha256=stored.sha256,
            size_bytes=stored.size_bytes,
            media_type=media_type,
            duration_s=duration_s,
        )

    async def fetch(self, media: MediaRef, path: Path, *, max_bytes: int) -> None:
        """Copy the bytes to `path`, checked against the claim check."""
        key = self._key(media)
        try:
            # A hotline's claim says nothing of the size: ask before copying.
            if await self._blobs.size(key) > max_bytes:
                raise PermanentError("the recording is larger than this channel takes", code="too-large")
            found = await self._blobs.fetch(key, path)
        except NotFound:
            raise PermanentError("the recording is not in the blob store", code="original-missing") from None
        if found != media.sha256:
            raise PermanentError("the recording is not the one that was announced", code="hash-mismatch")

    async def discard(self, media: MediaRef) -> None:
        """Remove the bytes."""
        await self._blobs.delete(self._key(media))

    async def read(self, media: MediaRef, *, start: int, end: int) -> AsyncIterator[bytes]:
        """Bytes from `start` to before `end`, a mebibyte at a time, so that no range fills the memory."""
        key = self._key(media)
        for at in range(start, end, CHUNK):
            async for piece in self._blobs.read(key, start=at, end=min(at + CHUNK, end)):
                yield piece

    async def of_day(self, day: date, *, before: datetime) -> AsyncIterator[tuple[str, str]]:
        """(suggestion id, address) of every file kept for recordings of a day and written before a moment."""
        async for key in self._blobs.keys(f"{FOLDER}/{day.isoformat()}/", before=before):
            yield key.split("/")[2], self._blobs.uri(key)

    async def remove(self, uri: str) -> None:
        """Delete by address."""
        if (key := self._blobs.key_of(uri)) is not None:
            await self._blobs.delete(key)

    def _key(self, media: MediaRef) -> str:
        key = self._blobs.key_of(media.uri)
        if key is None:
            raise PermanentError("this address is not in our blob store", code="foreign-uri")
        return key


def _sync(path: Path) -> None:
    """The store renames the finished file into place but leaves it to the kernel when it reaches the disk."""
    for place, flags in ((path, os.O_RDONLY), (path.parent, os.O_RDONLY | os.O_DIRECTORY)):
        handle = os.open(place, flags)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
