"""The whole local stack as a newcomer starts it, for tests that look at all of it from outside."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.infrastructure import free_offset, minsheng

READY_S = 240


@dataclass(frozen=True)
class WholeStack:
    """A running stack; everything is asked through the public command line."""

    env: dict[str, str]
    state: Path

    def run(self, *words: str, timeout: float = 240) -> str:
        """Run a command that must succeed; returns its stdout."""
        done = minsheng(*words, env=self.env, timeout=timeout)
        assert done.returncode == 0, f"minsheng {' '.join(words)}: {done.stderr or done.stdout}"
        return done.stdout

    def json(self, *words: str, timeout: float = 240) -> Any:
        """Run with `--json` and parse its stdout, which must hold nothing else."""
        return json.loads(self.run(*words, "--json", timeout=timeout))

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = self.json("status")
        return found

    def until(self, holds: Callable[[dict[str, Any]], bool], seconds: float) -> dict[str, Any]:
        """The first status for which `holds`; fails with the last one."""
        ends = time.monotonic() + seconds
        while True:
            found = self.status()
            if holds(found):
                return found
            assert time.monotonic() < ends, json.dumps(found, ensure_ascii=False, indent=1)
            time.sleep(0.5)


@pytest.fixture(scope="session")
def whole_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeStack]:
    """`minsheng up` with all services and one worker per channel; stopped when the session ends."""
    state = tmp_path_factory.mktemp("whole")
    stack = WholeStack({"MINSHENG_STATE": str(state), "MINSHENG_PORT_OFFSET": str(free_offset())}, state)
    started = minsheng("up", "--detach", env=stack.env, timeout=READY_S)
    if started.returncode != 0:
        pytest.fail(f"the stack did not start:\n{started.stdout}\n{started.stderr}")
    try:
        yield stack
    finally:
        minsheng("down", env=stack.env)
