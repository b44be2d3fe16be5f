"""Supervised processes die with their parent, and a broken program does not eat the machine."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from minsheng import tether

SCRIPT = Path(tether.__file__)


def test_the_command_gets_its_variables_and_keeps_the_process_id(tmp_path: Path) -> None:
    code = "import os; print(os.getpid(), os.environ['PROCESS_NAME'])"
    variables = ["PROCESS_NAME=router", f"TETHER_RECORD={tmp_path / 'r'}"]
    command = [sys.executable, "-I", "-S", str(SCRIPT), *variables, "--"]
    with subprocess.Popen([*command, sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as child:
        said = child.communicate(timeout=30)[0]
    assert said.split() == [str(child.pid), "router"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's tie exists on Linux alone")
def test_a_killed_parent_takes_the_child_with_it(tmp_path: Path) -> None:
    parent_code = (
        "import subprocess, sys\n"
        f"tether = [sys.executable, '-I', '-S', {str(SCRIPT)!r}, 'TETHER_RECORD={tmp_path / 'r'}', '--']\n"
        "child = subprocess.Popen([*tether, 'sleep', '600'])\n"
        "print(child.pid, flush=True)\n"
        "child.wait()\n"
    )
    with subprocess.Popen([sys.executable, "-c", parent_code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        while child.name() != "sleep":  # the tie is made before the command takes over
            time.sleep(0.01)
        os.kill(parent.pid, signal.SIGKILL)
    _, alive = psutil.wait_procs([child], timeout=20)
    assert not alive


def pauses(record: Path, monkeypatch: pytest.MonkeyPatch, starts: list[float]) -> list[float]:
    slept: list[float] = []
    monkeypatch.setattr(tether.time, "sleep", slept.append)
    for moment in starts:
        monkeypatch.setattr(tether.time, "monotonic", lambda moment=moment: moment)
        tether.breathe(str(record))
    return slept


def test_the_first_restarts_are_immediate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert pauses(tmp_path / "r", monkeypatch, [100, 101, 102]) == [0, 0, 0]


def test_a_program_that_keeps_dying_at_once_waits_longer_and_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept = pauses(tmp_path / "r", monkeypatch, [100, 101, 102, 103, 105, 108, 113, 122, 133])
    assert slept[3:] == [1, 2, 4, 8, 10, 10]


def test_a_long_life_forgives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert pauses(tmp_path / "r", monkeypatch, [100, 101, 102, 103, 200, 201])[-2:] == [0, 0]
