"""Named points at which a test may kill the process, to prove that a crash exactly there loses nothing.

`CRASH_AT=name` kills whoever reaches the point. `CRASH_PLAN=<folder>` kills one: the file `<process>.<point>` in
it is taken away by the first process of that name to arrive, so that the supervisor's restart goes on.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

NAMES = (
    "before_insert",
    "after_insert",
    "before_publish",
    "after_publish",
    "before_change",
    "after_change",
    "before_bury",
    "after_bury",
    "before_effect",
    "after_effect",
    "before_transcribe",
    "before_outcome",
    "after_outcome",
    "before_copies",
    "after_copies",
    "before_send",
    "after_send",
)


def reach(name: str) -> None:
    """Die by SIGKILL if the environment asks for it here: no cleanup, like a power cut."""
    if os.environ.get("CRASH_AT") == name:
        os.kill(os.getpid(), signal.SIGKILL)
    plan = os.environ.get("CRASH_PLAN")
    if plan:
        try:
            (Path(plan) / f"{os.environ.get('PROCESS_NAME', '')}.{name}").unlink()
        except OSError:
            return
        os.kill(os.getpid(), signal.SIGKILL)
