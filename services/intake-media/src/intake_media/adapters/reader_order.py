"""The line that orders a job of the process that reads uploads, with the limits that its fork puts on itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from intake_media.adapters.sandbox import Limits

_FILES = 16


def order_line(number: int, job: Mapping[str, object], limits: Limits, *, directory: Path) -> bytes:
    """As `reader_child` takes it. The kernel's alarm is later than the clock of whoever waits for the job."""
    order = {
        "job": number,
        "do": dict(job),
        "directory": str(directory),
        "wall_s": int(limits.wall_s) + 2,
        "rlimits": {
            "CPU": (limits.cpu_s, limits.cpu_s + 1),
            "FSIZE": (0, 0),
            "NOFILE": (_FILES, _FILES),
            "NPROC": (0, 0),
            "CORE": (0, 0),
            "AS": (limits.memory_bytes, limits.memory_bytes),
        },
    }
    return json.dumps(order).encode() + b"\n"
