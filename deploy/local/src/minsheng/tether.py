"""Run a command that dies with its parent: `tether.py NAME=VALUE … -- command …`.

Run as a plain script (`python -I -S`), so that it costs milliseconds: it imports nothing of ours.
"""

import os
import signal
import sys
import time


def hold_to_parent(death_signal: int = signal.SIGKILL) -> None:
    """Ask the kernel to end this process when its parent dies; Linux only, elsewhere `down` has to do."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    pr_set_pdeathsig = 1
    ctypes.CDLL(None, use_errno=True).prctl(pr_set_pdeathsig, int(death_signal), 0, 0, 0)


def breathe(record: str, lived_too_short_s: float = 5.0, longest_s: float = 10.0) -> None:
    """Wait before a start when the last ones died at once, so that a broken program does not eat the machine.

    `record` keeps the time of the last start and how many in a row were too close; the first restarts are immediate.
    """
    now = time.monotonic()
    try:
        with open(record) as file:  # noqa: PTH123 - no import beyond what the interpreter has loaded already
            started, close = (float(word) for word in file.read().split())
    except (OSError, ValueError):
        started, close = -lived_too_short_s, 0.0
    close = close + 1 if now - started < lived_too_short_s else 0
    pause = min(longest_s, 2 ** (close - 3)) if close > 2 else 0
    with open(record, "w") as file:  # noqa: PTH123 - as above
        file.write(f"{now + pause} {close}")
    time.sleep(pause)


def main(argv: list[str]) -> None:
    """Set the variables, tie this process to its parent and become the command."""
    parent = os.getppid()
    split = argv.index("--")
    env = dict(os.environ)
    for pair in argv[:split]:
        name, _, value = pair.partition("=")
        env[name] = value
    command = argv[split + 1 :]
    hold_to_parent()
    if os.getppid() != parent:  # the parent died before the kernel knew of the tie
        sys.exit(1)
    breathe(env["TETHER_RECORD"])
    os.execvpe(command[0], command, env)  # noqa: S606 - becoming the command is the point


if __name__ == "__main__":
    main(sys.argv[1:])
