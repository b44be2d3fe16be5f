"""Named points at which a test may kill the process (`CRASH_AT=name`), to prove that a crash there loses nothing."""

from __future__ import annotations

import os
import signal
from pathlib import Path

NAMES = (
    "before_insert",
    "after_insert",
    "before_publish",
    "after_publish",
    "before_effect",
    "after_effect",
    "before_transcribe",
    "after_transcribe",
    "before_send",
    "after_send",
)


def reach(name: str) -> None:
    """Die by SIGKILL if the environment asks for it here: no cleanup, like a power cut.

    With `CRASH_ONCE=<file>` only the first process to arrive dies, so that a supervisor's restart goes on.
    """
    if os.environ.get("CRASH_AT") != name:
        return
    once = os.environ.get("CRASH_ONCE")
    if once:
        try:
            Path(once).touch(exist_ok=False)
        except FileExistsError:
            return
    os.kill(os.getpid(), signal.SIGKILL)
