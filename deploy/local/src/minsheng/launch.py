"""Start the whole stack: infrastructure, topics, services; what can not be started leaves nothing behind."""

import os
import subprocess
import sys
import time
from collections.abc import Callable

from minsheng import guarded_kafka, infrastructure, jars, kafka, keys, ports, stack, warm_start
from minsheng.control import Running, Supervisor, socket_address, supervisor
from minsheng.places import Places
from minsheng.ports import CannotStart
from minsheng.process import Process
from minsheng.readiness import wait_until_ready
from minsheng.shutdown import down

Say = Callable[[str], None]
SERVICES_SECONDS = 120.0


def up(places: Places, say: Say, *, only: frozenset[str] = frozenset(), detach: bool = False) -> Running:
    """Bring up what is asked for and return when all of it is ready; raises `CannotStart` and leaves nothing behind."""
    if not places.given_kafka and (not only or "kafka" in only):
        warm_start.ensure(jars.ensure(say), say)
        kafka.prepare(places)
    processes = stack.plan(places, only)
    ports.refuse_taken(places, processes)
    keys.ensure(places)
    for leftover in [*places.run.glob("*-*.json"), *places.run.glob("*.starts")]:  # of processes that were killed
        leftover.unlink(missing_ok=True)
    child, state = _supervise(places, only, processes, detach)
    try:
        with supervisor(state.endpoint, timeout=12) as control:
            _start(places, processes, control, say)
    except BaseException:
        say("stopping …")
        down(places, lambda _: None)
        if child.poll() is None:
            child.terminate()
            child.wait(30)
        raise
    return state


def _supervise(
    places: Places, only: frozenset[str], processes: list[Process], detach: bool
) -> tuple["subprocess.Popen[bytes]", Running]:
    endpoint = socket_address(places)
    command = [
        sys.executable,
        "-m",
        "minsheng.supervisor",
        "--endpoint",
        endpoint,
        "--only",
        ",".join(sorted(only)),
    ]
    if not detach:
        command.append("--die-with-parent")
    with (places.log / "supervisor.log").open("ab") as log:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C reaches us only; the stack is then stopped in order
            env={**os.environ, "MINSHENG_STATE": str(places.state)},
        )
    state = Running(
        pid=child.pid,
        endpoint=endpoint,
        kafka={"bootstrap_servers": places.kafka, "kind": "given" if places.given_kafka else "local"},
        mongo={"uri": places.mongo, "kind": "given" if places.given_mongo else "local"},
        mail={
            "inbox_url": places.url("MAIL_INBOX_PORT"),
            "smtp": f"{places.host}:{places.ports['MAIL_SMTP_PORT']}",
        },
        urls={process.name: process.url for process in processes if process.url},
        processes=[process.name for process in processes],
    )
    state.save(places)
    return child, state


def _start(places: Places, processes: list[Process], control: Supervisor, say: Say) -> None:
    _wait_for_supervisor(control)
    first = [process.name for process in processes if process.kind == "infrastructure"]
    then = [process.name for process in processes if process.kind != "infrastructure"]
    if first:
        say(f"starting {', '.join(first)} …")
    for name in first:
        control.start(name)
    infrastructure.wait_until_answering(places, frozenset(first), bool(then), control)
    if places.given_kafka or "kafka" in first:
        say("topics, users and their grants …" if guarded_kafka.login(places) else "topics …")
        infrastructure.provision(places)
    if then:
        say(f"starting {', '.join(then)} …")
        for name in then:
            control.start(name)
    try:
        wait_until_ready(places, control, processes, SERVICES_SECONDS, say)
    except TimeoutError as error:
        raise CannotStart(f"not ready within {SERVICES_SECONDS:g} s: {error}; logs: {places.log}") from None


def _wait_for_supervisor(control: Supervisor) -> None:
    ends = time.monotonic() + 20
    while True:
        try:
            control.ask("list")
            return
        except RuntimeError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.1)
