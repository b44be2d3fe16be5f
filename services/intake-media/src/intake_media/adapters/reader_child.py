"""The process that reads uploads: takes jobs with open files, forks for each, says how it ended, dies with its owner.

`python -I -S reader_child.py {"owner": pid, "paths": [...], "jobs": module}`. On stdin, a socket: lines {job, do,
directory, wall_s, rlimits}, each with three files (the upload, the job's stdout and stderr), or {kill: job}. On stdout:
lines {job, exit}. It holds libav ready and stays single-threaded, so that a fork costs little and is safe.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import resource
import select
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any, NoReturn

_PR_SET_PDEATHSIG, _PR_SET_NAME, _PR_SET_NO_NEW_PRIVS = 1, 15, 38
_CRASHED, _OUT_OF_MEMORY = 70, 71  # as in `libav_codes`, which this process imports only after it is bound
_MOST_FILES = 4096
_Work = Callable[[dict[str, Any]], int]


class _Kernel:
    """What Linux offers beyond POSIX; nothing elsewhere."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def bind(self, parent: int, name: bytes) -> None:
        """Die with the parent, gain no rights, and be found under a name of one's own."""
        if self._libc is not None:
            self._libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
            self._libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
            self._libc.prctl(_PR_SET_NAME, name, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(137)  # It died before the death signal was armed.


def _limit(rlimits: dict[str, list[int]]) -> None:
    for name, (soft, hard) in rlimits.items():
        try:
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (soft, hard))
        except (ValueError, OSError):
            if sys.platform != "darwin":  # macOS knows no bound of the address space.
                raise


def _be_job(order: dict[str, Any], files: list[int], kernel: _Kernel, parent: int, work: _Work) -> NoReturn:
    code = _CRASHED
    try:
        os.setpgid(0, 0)
        kernel.bind(parent, b"media-job")
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.alarm(order["wall_s"])  # Should nobody be left to kill it.
        for number, file in enumerate(files):
            os.dup2(file, number)
        os.closerange(3, _MOST_FILES)
        os.chdir(order["directory"])
        _limit(order["rlimits"])
        code = work(order["do"])
    except MemoryError:
        code = _OUT_OF_MEMORY
    except BaseException as error:
        os.write(2, f"{type(error).__name__}: {error}\n".encode("utf-8", "replace")[:1000])
    finally:
        os._exit(code)


class _Jobs:
    """The forks that run; the group of each is killed when it has ended, with all that it may have started."""

    def __init__(self, answers: int, kernel: _Kernel, work: _Work) -> None:
        self._answers, self._kernel, self._work = answers, kernel, work
        self._pids: dict[int, int] = {}

    def start(self, order: dict[str, Any], files: list[int]) -> None:
        """Forks; a machine that has no process left ends the job as if it had crashed."""
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError:
            self._answer(order["job"], _CRASHED)
            return
        if pid == 0:
            _be_job(order, files, self._kernel, parent, self._work)
        self._pids[pid] = order["job"]

    def kill(self, job: int) -> None:
        """With all that it started; nothing where it has ended."""
        for pid, number in self._pids.items():
            if number == job:
                _signal(os.killpg, pid)
                _signal(os.kill, pid)  # Where it did not come to have a group yet.

    def reap(self) -> None:
        """Says of each fork that has ended how it did."""
        for pid in tuple(self._pids):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                _signal(os.killpg, pid)
                self._answer(self._pids.pop(pid), os.waitstatus_to_exitcode(status))

    def _answer(self, job: int, code: int) -> None:
        os.write(self._answers, json.dumps({"job": job, "exit": code}).encode() + b"\n")


def _signal(how: Callable[[int, int], None], pid: int) -> None:
    try:
        how(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # It has ended, and may be another's pid by now.
        pass


def _serve(orders: socket.socket, jobs: _Jobs, ended: int) -> None:
    held, files = b"", list[int]()
    while True:
        ready, _, _ = select.select([orders.fileno(), ended], [], [])
        if ended in ready:
            os.read(ended, 4096)
            jobs.reap()
        if orders.fileno() not in ready:
            continue
        piece, more, _, _ = socket.recv_fds(orders, 65536, 12)
        if not piece:
            return  # The owner has gone.
        held, files = held + piece, files + more
        *lines, held = held.split(b"\n")
        for line in lines:
            order = json.loads(line)
            if "kill" in order:
                jobs.kill(order["kill"])
                continue
            own, files = files[:3], files[3:]
            if len(own) != 3:
                return  # This machine had no room for them: a job without its file would pass for an empty one.
            jobs.start(order, own)
            for file in own:
                os.close(file)


def main(given: dict[str, Any]) -> None:
    """Serves until the owner closes the socket."""
    kernel = _Kernel()
    kernel.bind(given["owner"], b"media-reader")
    sys.path[:0] = given["paths"]
    work: _Work = importlib.import_module(given["jobs"]).run
    orders, answers = socket.socket(fileno=os.dup(0)), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    ended, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    # Collecting in a fork would copy every page that holds an object.
    gc.collect()
    gc.freeze()
    gc.disable()
    _serve(orders, _Jobs(answers, kernel, work), ended)
    os._exit(0)  # The forks die with us.


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
