"""The supervising process: circus keeps every process of the topology alive (`python -m minsheng.supervisor`)."""

import argparse
import fcntl
import logging
import os
import shlex
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, TextIO

from minsheng import keys, stack
from minsheng.places import Places
from minsheng.process import Process
from minsheng.process_log import ProcessLog
from minsheng.tether import hold_to_parent

FOLDER_SECONDS = 2.0
CHECK_SECONDS = 0.5  # a killed process is back within this and its own start


def lock(places: Places) -> TextIO | None:
    """Hold the state folder while the returned file is open; None when another supervisor holds it."""
    file = (places.run / "supervisor.lock").open("a", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


def watcher(process: Process, places: Places, env: dict[str, str], secrets: dict[str, str]) -> Any:
    """A circus watcher for one process kind: restarted without limit, logged per process, not started yet."""
    from circus.watcher import Watcher

    log = ProcessLog(places.log, process.name)
    tether = Path(__file__).with_name("tether.py")
    identity = (
        f"PROCESS_NAME={process.name}",
        "PROCESS_NUMBER=$(circus.wid)",
        f"TETHER_RECORD={places.run / process.name}-$(circus.wid).starts",
    )
    given = {name: secrets[name] for name in process.secrets} | stack.kafka_login(process, places, secrets)
    made = Watcher(
        process.name,
        shlex.quote(sys.executable),  # circus splits this word as a shell would
        args=["-I", "-S", str(tether), *identity, "--", *process.command],
        env=env | dict(process.env) | given,
        working_dir=str(places.state),
        numprocesses=1,
        autostart=False,
        max_retry=-1,
        graceful_timeout=process.graceful_seconds,
        stop_children=False,
        stdout_stream={"stream": log},
        stderr_stream={"stream": log},
        close_child_stdin=True,
    )
    log.watch(made)
    return made


def main(argv: list[str] | None = None) -> int:
    """Serve until told to quit; returns 1 when the state is already supervised."""
    parser = argparse.ArgumentParser(prog="minsheng.supervisor")
    parser.add_argument("--endpoint", required=True, help="address of the control socket (ipc://…)")
    parser.add_argument("--only", default="", help="comma-separated names; empty means all")
    parser.add_argument("--die-with-parent", action="store_true")
    options = parser.parse_args(argv)
    if options.die_with_parent:
        hold_to_parent(signal.SIGTERM)
    places = Places.from_environment()
    held = lock(places)
    if held is None:
        print("this state folder is supervised already", file=sys.stderr)
        return 1

    from circus.arbiter import Arbiter

    env = stack.environment(places)
    secrets = keys.ensure(places)
    only = frozenset(filter(None, options.only.split(",")))
    os.umask(0o077)  # the control socket can start programs: for this user only
    arbiter = Arbiter(
        [watcher(process, places, env, secrets) for process in stack.plan(places, only)],
        options.endpoint,
        f"{options.endpoint}.events",
        check_delay=CHECK_SECONDS,
    )
    _stop_without(places.run)
    logging.getLogger("tornado.application").addFilter(_not_a_conflict)
    arbiter.start()
    held.close()
    return 0


def _stop_without(folder: Path) -> None:
    """Whoever deletes the state of a running stack ends it: nothing can start in a folder that is gone."""

    def look() -> None:
        while folder.is_dir():
            time.sleep(FOLDER_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=look, name="state folder", daemon=True).start()


def _not_a_conflict(record: logging.LogRecord) -> bool:
    """Circus' periodic look at its children gives way to a longer command, and logs that as an error."""
    return not (record.exc_info and type(record.exc_info[1]).__name__ == "ConflictError")


if __name__ == "__main__":
    sys.exit(main())
