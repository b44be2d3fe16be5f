"""Reads a multipart form as it arrives: the file to a private place on disk, never into memory; fields bounded."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from intake_media.routes.form_parts import UNREADABLE, FormParts, UploadedFile
from shared.errors import PermanentError, StorageFull

FORM_OVERHEAD_BYTES = 1024 * 1024
IDLE_S = 60.0
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

TOO_LARGE = "The file is too large: at most 30 MB for voice, 300 MB for video."
NO_SPACE = "There is no room left at the moment"
NOT_A_FORM = "Please send a multipart form with a file."


@dataclass
class Form:
    """Text fields by name (the last of a name counts) and the part named `file`, if any."""

    fields: dict[str, str] = field(default_factory=dict)
    file: UploadedFile | None = None


@contextlib.asynccontextmanager
async def received(request: Request, room: Path, *, max_bytes: int) -> AsyncIterator[Form]:
    """The form of a request; its file exists within the block only.

    Raises:
        PermanentError: `unsupported-format` (415) for another content type, `unreadable-form`, `too-large`.
        StorageFull: no room for the file; nothing of it is left behind.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise PermanentError(NOT_A_FORM, code="unsupported-format")
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > max_bytes + FORM_OVERHEAD_BYTES:
        raise PermanentError(TOO_LARGE, code="too-large", pointer="/file")
    with _room_for_files(), tempfile.TemporaryDirectory(prefix="upload-", dir=room) as name:
        parts = FormParts(Path(name) / "file", max_bytes)
        try:
            await _read(request, MultipartParser(options[b"boundary"], parts.callbacks()), max_bytes)
            if not parts.ended:
                raise PermanentError(UNREADABLE, code="unreadable-form")
            if parts.size > max_bytes:
                raise PermanentError(TOO_LARGE, code="too-large", pointer="/file")
            file = await asyncio.to_thread(parts.file)
        finally:
            parts.close()
        yield Form(parts.fields, file)


async def _read(request: Request, parser: MultipartParser, max_bytes: int) -> None:
    length = 0
    pieces = request.stream().__aiter__()
    try:
        while True:
            async with asyncio.timeout(IDLE_S):
                piece = await anext(pieces)
            length += len(piece)
            if length > max_bytes + FORM_OVERHEAD_BYTES:
                raise PermanentError(TOO_LARGE, code="too-large", pointer="/file")
            parser.write(piece)
    except StopAsyncIteration:
        return
    except (FormParserError, ClientDisconnect, TimeoutError):
        raise PermanentError(UNREADABLE, code="unreadable-form") from None


@contextlib.contextmanager
def _room_for_files() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM:
            raise StorageFull(NO_SPACE, code="storage-full") from error
        raise
