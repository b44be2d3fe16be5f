"""Log files of the supervised processes: one per process, rotated, one JSON object a line."""

import json
from logging import makeLogRecord
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from shared.clock import Clock, SystemClock
from shared.contracts.model import rfc3339

MAX_BYTES = 20_000_000
KEPT = 3


class ProcessLog:
    """A circus stream that writes `<name>-<number>.log`; `<name>.log` points at the first process's file.

    What is no JSON (Java's lines, a traceback) is wrapped, so that every line of every log can be read alike.
    """

    def __init__(self, folder: Path, name: str, clock: Clock | None = None) -> None:
        self._folder = folder
        self._name = name
        self._clock = clock or SystemClock()
        self._watcher: Any = None
        self._numbers: dict[int, int] = {}
        self._files: dict[int, RotatingFileHandler] = {}
        self._begun: dict[tuple[int, str], bytes] = {}  # lines whose end has not come yet
        (folder / f"{name}-1.log").touch()  # there to be followed before the process has anything to say
        link = folder / f"{name}.log"
        link.unlink(missing_ok=True)
        link.symlink_to(f"{name}-1.log")

    def watch(self, watcher: Any) -> None:
        """Name the circus watcher whose processes write here."""
        self._watcher = watcher

    def __call__(self, data: dict[str, Any]) -> None:
        """Take one chunk as it came; circus calls this with `pid`, `name` (stdout, stderr) and `data` (bytes)."""
        pid, stream = int(data["pid"]), str(data.get("name", ""))
        *lines, rest = (self._begun.pop((pid, stream), b"") + data["data"]).split(b"\n")
        if rest:
            self._begun[pid, stream] = rest
        self._write(self._number(pid), [self._line(pid, line) for line in lines if line.strip()])

    def _line(self, pid: int, raw: bytes) -> str:
        text = raw.decode("utf-8", "replace").rstrip()
        if text.startswith("{") and text.endswith("}"):
            return text
        wrapped = {"timestamp": rfc3339(self._clock.now()), "service": self._name, "pid": pid, "event": text}
        return json.dumps(wrapped, ensure_ascii=False)

    def _write(self, number: int, lines: list[str]) -> None:
        if number not in self._files:
            path = self._folder / f"{self._name}-{number}.log"
            self._files[number] = RotatingFileHandler(path, maxBytes=MAX_BYTES, backupCount=KEPT, encoding="utf-8")
        for line in lines:
            self._files[number].emit(makeLogRecord({"msg": line}))

    def _number(self, pid: int) -> int:
        process = self._watcher.processes.get(pid) if self._watcher else None
        if process is not None:
            self._numbers[pid] = int(process.wid)
        return self._numbers.get(pid, 1)

    def open(self) -> None:
        """Circus opens its streams when a watcher starts; files open by themselves here."""

    def close(self) -> None:
        """Write what had no line end and close all files."""
        for (pid, _), rest in self._begun.items():
            self._write(self._number(pid), [self._line(pid, rest)])
        self._begun.clear()
        for handler in self._files.values():
            handler.close()
        self._files.clear()
