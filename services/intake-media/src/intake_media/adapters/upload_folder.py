"""Unfinished uploads on our disk: what tuspyserver's own folder storage leaves to luck is settled here.

It keeps a whole request in memory, counts bytes as stored that a full disk refused, and appends to whatever a crash
or a refused request left behind. Here bytes go to the file as they come, the offset is what the file really holds,
and a file that is longer than its offset is cut back before anything is added.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from tuspyserver.storage.local import LocalFileStorage

from shared.errors import StorageFull

KEPT_DONE_S = 3_600.0
"""A finished upload stays so long, so that a client whose last answer was lost finds it finished."""
KEPT_UNFINISHED_S = 48 * 3_600.0
NO_SPACE = "There is no room left at the moment"
FORGOTTEN = {"submission": "", "filename": "upload"}
"""What is left of the personal metadata; the library refuses uploads without any file name."""


class UploadFolder(LocalFileStorage):  # type: ignore[misc]  # the library ships no types for it
    """Files of unfinished uploads under `folder`, each with a sidecar of its metadata, both private to us."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        super().__init__(str(folder))
        self._refused: set[str] = set()

    async def append(self, uid: str, chunk: bytes) -> None:
        """Straight to the file; durable after `flush`."""
        try:
            await asyncio.to_thread(_append, self._path(uid), chunk)
        except OSError:
            self._refused.add(uid)
            raise

    async def flush(self, uid: str) -> None:
        await asyncio.to_thread(_sync, self._path(uid))

    async def write_info(self, uid: str, data: dict[str, Any]) -> None:
        """The library swallows a failed `append` and then saves an offset; here that save is where it is told."""
        held = await self.size(uid)
        data = {**data, "offset": min(int(data.get("offset") or 0), held)}
        refused = uid in self._refused
        self._refused.discard(uid)
        try:
            await super().write_info(uid, data)
        except OSError:
            refused = True
        if refused:
            raise StorageFull(NO_SPACE, code="storage-full")

    @contextlib.asynccontextmanager
    async def lock(self, uid: str) -> AsyncIterator[None]:  # type: ignore[override]  # as the library itself does
        """Exclusive access to an upload whose file is as long as its offset says."""
        async with super().lock(uid):
            info = await self.read_info(uid)
            if info is not None and await self.size(uid) > int(info["offset"]):
                await asyncio.to_thread(os.truncate, self._path(uid), int(info["offset"]))
            yield

    def file(self, uid: str) -> Path:
        """Where the bytes of an upload are."""
        return Path(self._path(uid))

    async def forget_person(self, uid: str) -> None:
        """Drop what the resident said from the sidecar of an upload that was accepted."""
        info = await self.read_info(uid)
        if info is not None:
            info["metadata"] |= FORGOTTEN
            await self.write_info(uid, info)

    async def expire(self) -> int:
        """Remove what nobody will ask for again; the number of uploads removed."""
        gone = 0
        for uid in await self.list_uids():
            if await asyncio.to_thread(_is_over, self.file(uid), Path(self._info_path(uid))):
                await self.delete(uid)
                gone += 1
        return gone


def _append(path: str, chunk: bytes) -> None:
    with Path(path).open("ab") as held:
        held.write(chunk)


def _sync(path: str) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _is_over(file: Path, sidecar: Path) -> bool:
    try:
        idle_s = time.time() - file.stat().st_mtime  # noqa: TID251  # compared with the file system's own times
        info = json.loads(sidecar.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        info, idle_s = {}, KEPT_UNFINISHED_S + 1
    done = info.get("size") is not None and info.get("offset") == info.get("size")
    return idle_s > (KEPT_DONE_S if done else KEPT_UNFINISHED_S)
