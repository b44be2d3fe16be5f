"""Start the whole stack and stop it: infrastructure, topics, services; the other way round at the end."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable

import psutil

from minsheng import guarded_kafka, jars, kafka, keys, mongo, ports, stack, warm_start
from minsheng.control import NotRunning, Running, Supervisor, socket_address, supervisor
from minsheng.places import Places
from minsheng.ports import CannotStart
from minsheng.process import Process
from minsheng.readiness import wait_until_ready

Say = Callable[[str], None]
INFRASTRUCTURE_SECONDS = 60.0
SERVICES_SECONDS = 120.0


def running(places: Places) -> Running | None:
    """The stack on this state, if one runs."""
    try:
        return Running.load(places)
    except NotRunning:
        return None


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
    asyncio.run(_infrastructure_ready(places, frozenset(first), bool(then), control))
    if places.given_kafka or "kafka" in first:
        say("topics, users and their grants …" if guarded_kafka.login(places) else "topics …")
        provision(places)
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


async def _infrastructure_ready(places: Places, started: frozenset[str], all_needed: bool, control: Supervisor) -> None:
    """Wait for broker and database together: ours are asked for their identity, given ones for any answer."""

    async def wait(name: str, ask: Callable[[], Awaitable[object]]) -> None:
        ends = time.monotonic() + (INFRASTRUCTURE_SECONDS if name in started else 10)
        while True:
            reason = await ask()
            if reason is None:
                return
            if time.monotonic() > ends or "another Kafka" in str(reason):
                raise CannotStart(f"{name}: {reason}; log: {places.log / f'{name}.log'}")
            await asyncio.sleep(0.1)

    waits = []
    if "kafka" in started or (places.given_kafka and all_needed):
        expected = None if places.given_kafka else kafka.cluster_id(places)
        waits.append(wait("kafka", lambda: kafka.answers(places.kafka, expected)))
    if "mongo" in started or (places.given_mongo and all_needed):
        waits.append(wait("mongo", lambda: mongo.answers(places.mongo)))
    await asyncio.gather(*waits)
    for name in started:
        if not control.pids(name):
            raise CannotStart(f"{name} ended: see {places.log / f'{name}.log'}")


def provision(places: Places) -> None:
    """Make the topics of the registry, and on a guarded broker of ours the services' users and grants."""
    from minsheng.addresses import connection
    from shared.errors import MinshengError
    from shared.messaging import provisioning
    from shared.operations import principals

    async def work() -> None:
        kafka_here = connection(places.kafka)
        await provisioning.provision(kafka_here)
        if guarded_kafka.login(places):
            secrets = keys.ensure(places)
            passwords = {name: secrets[principals.password_variable(name)] for name in principals.PRINCIPALS}
            await principals.provision(kafka_here, passwords)

    try:
        asyncio.run(work())
    except MinshengError as error:
        raise CannotStart(f"the broker could not be prepared: {error}") from None


def down(places: Places, say: Say) -> bool:
    """Stop the stack in order; False when none was running."""
    state = running(places)
    if state is None:
        return False
    ordered = [name for name in state.processes if name not in {"kafka", "mongo", "mail-sink"}]
    try:
        with supervisor(state.endpoint) as control:
            say("stopping services …")
            for name in ordered:
                control.ask("stop", name=name, waiting=False, match="simple")
            _wait_stopped(control, ordered)
            say("stopping infrastructure …")
            control.quit()
    except RuntimeError as error:
        say(f"{error}; ending it")
    _end(state.pid)
    for left in ("stack.json", "*-*.json", "*.starts", "control.sock*"):
        for path in places.run.glob(left):
            path.unlink(missing_ok=True)
    return True


def _wait_stopped(control: Supervisor, names: list[str]) -> None:
    ends = time.monotonic() + 20
    while time.monotonic() < ends and any(control.pids(name) for name in names):
        time.sleep(0.1)


def _end(pid: int) -> None:
    try:
        process = psutil.Process(pid)
        children = process.children(recursive=True)
        try:
            process.wait(20)
        except psutil.TimeoutExpired:
            process.terminate()
            _, alive = psutil.wait_procs([process], timeout=10)
            for left in alive:
                left.kill()
        _, alive = psutil.wait_procs(children, timeout=5)
        for left in alive:
            left.kill()
    except psutil.NoSuchProcess:
        return
