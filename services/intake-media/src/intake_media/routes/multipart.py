"""Reads a multipart form as it arrives: the file to a private place on disk, never into memory; fields bounded."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

from shared.errors import PermanentError, StorageFull

MAX_FIELDS = 40
MAX_FIELD_BYTES = 256 * 1024
FORM_OVERHEAD_BYTES = 1024 * 1024
IDLE_S = 60.0
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

UNREADABLE = "The form could not be read."
ONE_FILE = "Please send one file at a time."
TOO_LARGE = "The file is too large: at most 30 MB for voice, 300 MB for video."
NO_SPACE = "There is no room left at the moment"
NOT_A_FORM = "Please send a multipart form with a file."


@dataclass(frozen=True)
class UploadedFile:
    """A complete file on disk; `sha256` in hex. Its own name is not kept."""

    path: Path
    size_bytes: int
    sha256: str


@dataclass
class Form:
    """Text fields by name (the last of a name counts) and the part named `file`, if any."""

    fields: dict[str, str] = field(default_factory=dict)
    file: UploadedFile | None = None


class _Parts:
    """Callbacks of the parser. A file beyond the limit is read on and thrown away, so that the answer arrives."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._header: tuple[bytearray, bytearray] = (bytearray(), bytearray())
        self._disposition = b""
        self._name: str | None = None
        self._value = bytearray()
        self._out: int | None = None
        self._digest = hashlib.sha256()
        self.size = 0
        self._in_file = False
        self.ended = False
        self.fields: dict[str, str] = {}

    def on_part_begin(self) -> None:
        self._disposition, self._name, self._value = b"", None, bytearray()

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header[0].extend(data[start:end])

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1].extend(data[start:end])

    def on_header_end(self) -> None:
        name, value = self._header
        if bytes(name).lower() == b"content-disposition":
            self._disposition = bytes(value)
        self._header = (bytearray(), bytearray())

    def on_headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        name = options.get(b"name", b"").decode("utf-8", "replace")
        # A file field that nobody filled in arrives with an empty name and no bytes.
        self._in_file = name == "file" and options.get(b"filename") != b""
        if self._in_file:
            if self._out is not None:
                raise PermanentError(ONE_FILE, code="unreadable-form", pointer="/file")
            self._out = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        else:
            self._name = name
            if len(self.fields) >= MAX_FIELDS:
                raise PermanentError(UNREADABLE, code="unreadable-form")

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._out is None or not self._in_file:
            self._value.extend(data[start:end])
            if len(self._value) > MAX_FIELD_BYTES:
                raise PermanentError(UNREADABLE, code="too-large")
            return
        self.size += end - start
        if self.size <= self._max_bytes:
            piece = memoryview(data)[start:end]
            self._digest.update(piece)
            while piece:
                piece = piece[os.write(self._out, piece) :]

    def on_part_end(self) -> None:
        if self._name and not self._in_file:
            self.fields[self._name] = self._value.decode("utf-8", "replace")

    def on_end(self) -> None:
        self.ended = True

    def file(self) -> UploadedFile | None:
        """The file part, on the disk for good."""
        if self._out is None:
            return None
        os.fsync(self._out)
        return UploadedFile(self._path, self.size, self._digest.hexdigest())

    def close(self) -> None:
        if self._out is not None:
            os.close(self._out)
            self._out = None

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self.on_part_begin,
            "on_header_field": self.on_header_field,
            "on_header_value": self.on_header_value,
            "on_header_end": self.on_header_end,
            "on_headers_finished": self.on_headers_finished,
            "on_part_data": self.on_part_data,
            "on_part_end": self.on_part_end,
            "on_end": self.on_end,
        }


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
        parts = _Parts(Path(name) / "file", max_bytes)
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
