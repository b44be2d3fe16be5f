"""Run a command that dies with its parent: `tether.py NAME=VALUE … -- command …`.

Run as a plain script (`python -I -S`), so that it costs milliseconds: it imports nothing of ours.
"""

import os
import signal
import sys


def hold_to_parent(death_signal: int = signal.SIGKILL) -> None:
    """Ask the kernel to end this process when its parent dies (Linux; elsewhere the stack's stop has to do)."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    pr_set_pdeathsig = 1
    ctypes.CDLL(None, use_errno=True).prctl(pr_set_pdeathsig, int(death_signal), 0, 0, 0)


def main(argv: list[str]) -> None:
    """Set the variables, tie this process to its parent and become the command."""
    parent = os.getppid()
    split = argv.index("--")
    env = dict(os.environ)
    env.update(pair.split("=", 1) for pair in argv[:split])
    command = argv[split + 1 :]
    hold_to_parent()
    if os.getppid() != parent:  # the parent died before the kernel knew of the tie
        sys.exit(1)
    os.execvpe(command[0], command, env)


if __name__ == "__main__":
    main(sys.argv[1:])
