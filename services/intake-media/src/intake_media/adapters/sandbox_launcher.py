"""Sets limits on itself and becomes the program: used where util-linux (`prlimit`, `setpriv`) is missing.

Run by path with `python -I -S`, so it imports nothing of ours: the cost is one bare interpreter start.
"""

import ctypes
import json
import os
import resource
import sys

PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS, SIGKILL = 1, 38, 9


def main(given: dict[str, int], argv: list[str]) -> None:
    """Applies the limits and replaces this process by `argv`; exits 127 where there is no such program."""
    resource.setrlimit(resource.RLIMIT_CPU, (given["cpu"], given["cpu"] + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (given["fsize"], given["fsize"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if os.getppid() != given["parent"]:
            os._exit(137)  # The parent died before the death signal was armed.
    resource.setrlimit(resource.RLIMIT_AS, (given["as"], given["as"]))
    try:
        os.execvpe(argv[0], argv, os.environ)  # noqa: S606 - the very point: argv is our own list
    except OSError:
        os._exit(127)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.argv[2:])
