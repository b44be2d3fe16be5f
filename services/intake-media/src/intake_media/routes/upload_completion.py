"""What happens to a resumable upload at its creation and once its last byte is there."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from fastapi.concurrency import run_in_threadpool

from intake_media.domain.recording import RULES, Lane
from intake_media.handlers.incoming import Incoming
from intake_media.routes.multipart import TOO_LARGE
from intake_media.routes.submission_fields import announced_hash, compare_hash, lane_of, submission_of
from shared.contracts.receipt import Receipt
from shared.errors import InvalidInput, NotFound, PermanentError
from shared.runtime.translations import DEFAULT_LANGUAGE, LANGUAGES

UPLOAD_ID = re.compile(r"[0-9a-f]{32}")
NOT_YET = "The upload is not complete yet."
NO_UPLOAD = "There is no such upload, or it has expired."
NEEDS_LENGTH = "Upload-Length is required."
NEEDS_NAMES = "Upload-Metadata needs filename, filetype, channel and submission."


class Uploads(Protocol):
    """Storage of unfinished uploads, beside what tuspyserver itself wants of it."""

    files_dir: str

    def file(self, uid: str) -> Path: ...
    async def read_info(self, uid: str) -> dict[str, Any] | None: ...
    async def forget_person(self, uid: str) -> None: ...
    async def delete(self, uid: str) -> None: ...


class Accepting(Protocol):
    """The use case, as far as uploads need it."""

    async def __call__(self, incoming: Incoming) -> Receipt: ...
    async def receipt_for(self, key: str) -> Receipt | None: ...


class Completion:
    """Checks an upload before its first byte, accepts it after its last; an interrupted end is taken up again."""

    def __init__(self, accept: Accepting, uploads: Uploads, on_accepted: Callable[[Lane], None]) -> None:
        self._accept = accept
        self._uploads = uploads
        self._on_accepted = on_accepted

    def check(self, metadata: Mapping[str, str], upload: Mapping[str, Any]) -> None:
        """Refuse before a byte is sent what would be refused after the last."""
        if not metadata.get("filename") or not metadata.get("filetype"):
            raise InvalidInput(NEEDS_NAMES, code="missing", pointer="/Upload-Metadata")
        lane = lane_of(metadata)
        submission_of(_said(metadata))
        announced_hash(metadata)
        size = upload.get("size")
        if size is None:
            raise InvalidInput(NEEDS_LENGTH, code="missing", pointer="/Upload-Length")
        if size > RULES[lane].max_bytes:
            raise PermanentError(TOO_LARGE, code="too-large", pointer="/Upload-Length")

    async def complete(self, location: str, metadata: Mapping[str, str]) -> None:
        """The library calls this again for an empty PATCH of a finished upload."""
        await self._take(Path(location).name, metadata)

    async def receipt(self, uid: str) -> Receipt:
        """NotFound `not-complete` while bytes are missing; a completion that was interrupted is taken up again."""
        if not UPLOAD_ID.fullmatch(uid):
            raise NotFound(NO_UPLOAD)
        if (known := await self._accept.receipt_for(_key(uid))) is not None:
            return known
        info = await self._uploads.read_info(uid)
        if info is None:
            raise NotFound(NO_UPLOAD)
        if info["size"] is None or info["offset"] != info["size"]:
            raise NotFound(NOT_YET, code="not-complete")
        return await self._take(uid, info["metadata"])

    async def _take(self, uid: str, metadata: Mapping[str, str]) -> Receipt:
        if (known := await self._accept.receipt_for(_key(uid))) is not None:
            return known
        path, lane = self._uploads.file(uid), lane_of(metadata)
        language = metadata.get("language", "")
        sha256 = await run_in_threadpool(_sha256, path)
        incoming = Incoming(
            channel=lane,
            submission=submission_of(_said(metadata)),
            path=path,
            size_bytes=path.stat().st_size,
            sha256=sha256,
            key=_key(uid),
            language=language if language in LANGUAGES else DEFAULT_LANGUAGE,
        )
        try:
            compare_hash(metadata, sha256)
            receipt = await self._accept(incoming)
        except PermanentError:
            await self._uploads.delete(uid)
            raise
        await self._uploads.forget_person(uid)
        self._on_accepted(lane)
        return receipt


def _key(uid: str) -> str:
    return f"upload {uid}"


def _said(metadata: Mapping[str, str]) -> dict[str, str]:
    if not metadata.get("submission"):
        return {}
    return {"submission": metadata["submission"]}


def _sha256(path: Path) -> str:
    with path.open("rb") as held:
        return hashlib.file_digest(held, "sha256").hexdigest()
