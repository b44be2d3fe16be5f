"""Talk to the running supervisor: who runs, start, stop, more or fewer."""

import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from minsheng.places import Places


class NotRunning(RuntimeError):
    """No stack runs on this state folder."""


@dataclass(frozen=True, slots=True)
class Running:
    """What `up` left for the other commands: `run/stack.json`."""

    pid: int
    endpoint: str
    kafka: dict[str, str]
    mongo: dict[str, str]
    mail: dict[str, str]
    urls: dict[str, str]
    processes: list[str]

    def save(self, places: Places) -> None:
        """Write the file whole or not at all."""
        path = places.run / "stack.json"
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
        draft.replace(path)

    @classmethod
    def load(cls, places: Places) -> "Running":
        """The stack that runs on this state; raises `NotRunning`."""
        path = places.state / "run" / "stack.json"
        try:
            found = cls(**json.loads(path.read_text(encoding="utf-8")))
            command = psutil.Process(found.pid).cmdline()
        except (FileNotFoundError, psutil.NoSuchProcess):
            raise NotRunning(f"nothing runs on {places.state}: start it with `make up`") from None
        if "minsheng.supervisor" not in command:
            raise NotRunning(f"nothing runs on {places.state}: start it with `make up`")
        return found


def running(places: Places) -> Running | None:
    """The stack on this state, if one runs."""
    try:
        return Running.load(places)
    except NotRunning:
        return None


def socket_address(places: Places) -> str:
    """An ipc address for the control socket; a long state path is replaced by a short private one."""
    path = places.run / "control.sock"
    if len(str(path)) > 90:  # the kernel's limit for socket paths is 107, circus adds a suffix
        import hashlib

        short = Path(tempfile.gettempdir()) / f"minsheng-{os.getuid()}"
        short.mkdir(mode=0o700, exist_ok=True)
        if short.stat().st_uid != os.getuid():
            raise PermissionError(f"{short} belongs to somebody else")
        path = short / f"{hashlib.sha256(str(path).encode()).hexdigest()[:12]}.sock"
    return f"ipc://{path}"


class Supervisor:
    """The supervisor's commands, each answered or raised as `RuntimeError`."""

    def __init__(self, endpoint: str, timeout: float = 40.0) -> None:
        from circus.client import CircusClient

        self._client = CircusClient(endpoint=endpoint, timeout=timeout)

    def ask(self, command: str, **properties: Any) -> dict[str, Any]:
        """Send one command; another command in progress is waited for."""
        from circus.exc import CallError

        ends = time.monotonic() + 60
        while True:
            try:
                answer: dict[str, Any] = self._client.send_message(command, **properties)
            except CallError as error:
                raise RuntimeError(f"the supervisor does not answer: {error}") from error
            if answer.get("status") != "error":
                return answer
            if "already running" not in str(answer.get("reason")) or time.monotonic() > ends:
                raise RuntimeError(f"{command}: {answer.get('reason')}")
            time.sleep(0.2)

    def pids(self, name: str) -> list[int]:
        """Process ids of one watcher, without those just dying."""
        return [int(pid) for pid in self.ask("list", name=name).get("pids", [])]

    def count(self, name: str) -> int:
        """How many processes the watcher is asked to keep."""
        return int(self.ask("numprocesses", name=name)["numprocesses"])

    def scale(self, name: str, wanted: int) -> None:
        """Add or remove processes of one watcher, live; none is restarted."""
        have = self.count(name)
        if wanted > have:
            self.ask("incr", name=name, nb=wanted - have, waiting=True)
        elif wanted < have:
            self.ask("decr", name=name, nb=have - wanted, waiting=True)

    def start(self, name: str) -> None:
        """Start a watcher's processes."""
        self.ask("start", name=name, waiting=True, match="simple")

    def stop(self, name: str) -> None:
        """Stop a watcher's processes and wait for their end."""
        self.ask("stop", name=name, waiting=True, match="simple")

    def quit(self) -> None:
        """Ask the supervisor to end; what still runs is stopped with it."""
        self.ask("quit")

    def close(self) -> None:
        """Let go of the socket."""
        self._client.stop()


@contextmanager
def supervisor(endpoint: str, timeout: float = 40.0) -> Iterator[Supervisor]:
    """A `Supervisor` closed at the end."""
    made = Supervisor(endpoint, timeout)
    try:
        yield made
    finally:
        made.close()
