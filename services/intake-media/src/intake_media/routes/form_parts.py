"""The parts of a multipart form as the parser finds them: the file to its place on disk, fields bounded."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from python_multipart.multipart import parse_options_header

from shared.errors import PermanentError

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MAX_FIELDS = 40
MAX_FIELD_BYTES = 256 * 1024

UNREADABLE = "The form could not be read."
ONE_FILE = "Please send one file at a time."


@dataclass(frozen=True)
class UploadedFile:
    """A complete file on disk; `sha256` in hex. Its own name is not kept."""

    path: Path
    size_bytes: int
    sha256: str


class FormParts:
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
