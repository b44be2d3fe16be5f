"""Stop the whole stack in order: services, then infrastructure; what does not end by itself is ended."""

import time
from collections.abc import Callable

import psutil

from minsheng.control import Supervisor, running, supervisor
from minsheng.places import Places


def down(places: Places, say: Callable[[str], None]) -> bool:
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
