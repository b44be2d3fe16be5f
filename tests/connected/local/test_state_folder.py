"""A stack whose state folder is deleted under it."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import psutil
import pytest

from tests.support.infrastructure import free_offset, minsheng

pytestmark = pytest.mark.connected


def of_this_stack(state: Path) -> list[psutil.Process]:
    """Processes that name the state folder in their environment or command."""
    found = []
    for process in psutil.process_iter():
        try:
            names = [*process.cmdline(), process.environ().get("MINSHENG_STATE", "")]
        except psutil.Error:
            continue
        if process.pid != os.getpid() and any(str(state) in name for name in names):
            found.append(process)
    return found


def test_a_stack_whose_state_folder_is_deleted_ends_instead_of_restarting_for_ever(tmp_path: Path) -> None:
    state = tmp_path / "state"
    env = {"MINSHENG_STATE": str(state), "MINSHENG_PORT_OFFSET": str(free_offset())}
    started = minsheng("up", "--detach", "--only", "mail-sink", env=env)
    assert started.returncode == 0, started.stderr
    assert of_this_stack(state)
    shutil.rmtree(state)
    ends = time.monotonic() + 60
    while of_this_stack(state) and time.monotonic() < ends:
        time.sleep(0.5)
    assert of_this_stack(state) == []
