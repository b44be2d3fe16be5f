"""Jobs that do whatever a test wants, in place of libav's: what a decoder could be made to do by the file it reads."""

from __future__ import annotations

from typing import Any


def run(job: dict[str, Any]) -> int:
    """Executes `code`; its exit code is `code`'s own variable `result`, or 0."""
    names: dict[str, Any] = {}
    exec(job["code"], names)
    return int(names.get("result", 0))
