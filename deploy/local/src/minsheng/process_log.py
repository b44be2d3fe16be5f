"""Log files of the supervised processes: one per process, rotated, what they wrote and nothing else."""

from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

MAX_BYTES = 20_000_000
KEPT = 3


class ProcessLog:
    """A circus stream that writes `<name>-<number>.log`; `<name>.log` points at the first process's file."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self._watcher: Any = None
        self._numbers: dict[int, int] = {}
        self._files: dict[int, RotatingFileHandler] = {}
        (folder / f"{name}-1.log").touch()  # there to be followed before the process has anything to say
        link = folder / f"{name}.log"
        link.unlink(missing_ok=True)
        link.symlink_to(f"{name}-1.log")

    def watch(self, watcher: Any) -> None:
        """Name the circus watcher whose processes write here."""
        self._watcher = watcher

    def __call__(self, data: dict[str, Any]) -> None:
        """Write one chunk as it came; circus calls this with `pid` and `data` (bytes)."""
        handler = self._file(self._number(int(data["pid"])))
        text = data["data"]
        chunk = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
        if handler.stream is None:
            handler.stream = handler._open()
        if handler.stream.tell() + len(chunk) > MAX_BYTES:
            handler.doRollover()
        handler.stream.write(chunk)
        handler.stream.flush()

    def _number(self, pid: int) -> int:
        process = self._watcher.processes.get(pid) if self._watcher else None
        if process is not None:
            self._numbers[pid] = int(process.wid)
        return self._numbers.get(pid, 1)

    def _file(self, number: int) -> RotatingFileHandler:
        if number not in self._files:
            path = self._folder / f"{self._name}-{number}.log"
            self._files[number] = RotatingFileHandler(path, backupCount=KEPT, encoding="utf-8")
        return self._files[number]

    def open(self) -> None:
        """Circus opens its streams when a watcher starts; files open by themselves here."""

    def close(self) -> None:
        """Close all files."""
        for handler in self._files.values():
            handler.close()
        self._files.clear()
