"""Originals and derived media behind one API (obstore): a folder or S3. Names are ours, opaque, never a person's."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import obstore
from obstore.exceptions import AlreadyExistsError
from obstore.store import from_url

from shared.errors import NotFound, StorageFull, Unavailable

CHUNK = 1 << 20
MULTIPART_FROM = 8 << 20
_NO_SPACE = ("no space left", "storagefull", "quota exceeded", "disk quota")


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A claim check for bytes that are safe."""

    key: str
    uri: str
    sha256: str
    size_bytes: int


class Blobs:
    """Store under `url` (`file:///…` or `s3://…`); a key is a relative path without dots."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        if url.startswith("file://"):
            Path(urlparse(url).path).mkdir(parents=True, exist_ok=True)
        self._store: Any = from_url(self._url + "/")

    def uri(self, key: str) -> str:
        """Address of a key, as claim checks name it."""
        return f"{self._url}/{key}"

    def key_of(self, uri: str) -> str | None:
        """Key of an address of this store; None for any other address (never fetch those)."""
        prefix = self._url + "/"
        if not uri.startswith(prefix):
            return None
        key = uri.removeprefix(prefix)
        bad = key.startswith("/") or "\\" in key or "%" in key or "?" in key or "#" in key
        return None if not key or bad or any(part in ("", ".", "..") for part in key.split("/")) else key

    async def put_file(self, key: str, path: Path, *, media_type: str = "application/octet-stream") -> Stored:
        """Copy a file in; storing the same key again is no error (a retried accept)."""
        digest, size = hashlib.sha256(), 0
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
        await self._put(key, path, media_type)
        return Stored(key=key, uri=self.uri(key), sha256=digest.hexdigest(), size_bytes=size)

    async def put_bytes(self, key: str, data: bytes, *, media_type: str = "application/octet-stream") -> Stored:
        """Store bytes under a key."""
        await self._put(key, data, media_type)
        return Stored(key=key, uri=self.uri(key), sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data))

    async def _put(self, key: str, body: Path | bytes, media_type: str) -> None:
        options: dict[str, Any] = (
            {} if self._url.startswith("file://") else {"attributes": {"Content-Type": media_type}}
        )
        try:
            if isinstance(body, Path) and body.stat().st_size > MULTIPART_FROM:
                # A conditional put goes out in one piece, from memory; no video may cost us that.
                if not await self._there(key):
                    pieces: dict[str, Any] = {"use_multipart": True, "chunk_size": MULTIPART_FROM, "max_concurrency": 2}
                    await obstore.put_async(self._store, key, body, **pieces, **options)
            else:
                await obstore.put_async(self._store, key, body, mode="create", **options)
        except AlreadyExistsError:
            return
        except Exception as error:
            if any(sign in str(error).lower() for sign in _NO_SPACE):
                raise StorageFull("no room for the upload", code="storage-full") from error
            raise Unavailable(f"blob store: {type(error).__name__}") from error

    async def _there(self, key: str) -> bool:
        try:
            await obstore.head_async(self._store, key)
        except FileNotFoundError:
            return False
        return True

    async def fetch(self, key: str, path: Path) -> str:
        """Copy a blob to `path`; returns its sha256, for the caller to compare with the claim check."""
        digest = hashlib.sha256()
        with path.open("wb") as file:
            async for chunk in self.read(key):
                digest.update(chunk)
                file.write(chunk)
        return digest.hexdigest()

    async def read(self, key: str, *, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Bytes of a blob in chunks; `start` inclusive, `end` exclusive."""
        try:
            if start == 0 and end is None:
                found = await obstore.get_async(self._store, key)
                async for chunk in found.stream(min_chunk_size=CHUNK):
                    yield bytes(chunk)
            else:
                size = await self.size(key)
                stop = size if end is None else min(end, size)
                yield bytes(await obstore.get_range_async(self._store, key, start=start, end=stop))
        except FileNotFoundError:
            raise NotFound("the file is not there") from None

    async def size(self, key: str) -> int:
        """Bytes of a blob."""
        try:
            return int((await obstore.head_async(self._store, key))["size"])
        except FileNotFoundError:
            raise NotFound("the file is not there") from None

    async def keys(self, prefix: str, *, before: datetime) -> AsyncIterator[str]:
        """Keys under a folder that were written before a moment; give it a folder that stays small."""
        async for page in obstore.list(self._store, prefix=prefix):
            for found in page:
                if found["last_modified"] < before:
                    yield str(found["path"])

    async def delete(self, key: str) -> None:
        """Remove a blob; one that is gone is no error."""
        try:
            await obstore.delete_async(self._store, key)
        except FileNotFoundError:
            return
