"""The sandbox, with real programs that misbehave."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import psutil
import pytest

from intake_media.adapters import sandbox as module
from intake_media.adapters.sandbox import Limits, Sandbox

MIB = 1024 * 1024


@pytest.fixture(params=["util-linux", "launcher"])
def sandbox(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """Both ways of setting limits: where `prlimit` and `setpriv` are, and where they are missing."""
    if request.param == "launcher":
        found = module.shutil.which
        monkeypatch.setattr(
            module.shutil, "which", lambda name: None if name in ("setpriv", "prlimit") else found(name)
        )
    return Sandbox(tmp_path / "jobs")


def python(code: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", code]


async def run(sandbox: Sandbox, code: str, **limits: float) -> module.Outcome:
    given = Limits(**({"wall_s": 20.0, "cpu_s": 10} | limits))
    with sandbox.private_directory() as room:
        return await sandbox.run(python(code), given, directory=room)


async def test_output_and_exit_code_come_back(sandbox: Sandbox) -> None:
    outcome = await run(sandbox, "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)")
    assert (outcome.exit_code, outcome.stdout, outcome.stderr) == (3, b"out\n", b"err\n")
    assert not outcome.hit_a_limit


async def test_the_environment_and_the_directory_are_its_own(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTACT_VAULT_KEY", "secret")
    outcome = await run(sandbox, "import os; print(sorted(os.environ), os.getcwd(), oct(os.stat('.').st_mode & 0o777))")
    said = outcome.stdout.decode()
    assert "CONTACT_VAULT_KEY" not in said
    assert "/jobs/job-" in said
    assert "0o700" in said


async def test_a_hang_and_all_its_children_end_at_the_wall_clock(sandbox: Sandbox) -> None:
    code = (
        "import os, sys, time\n"
        "for _ in range(3):\n"
        "    if os.fork() == 0: time.sleep(600)\n"
        "print(os.getpgid(0), flush=True); time.sleep(600)"
    )
    outcome = await run(sandbox, code, wall_s=1.5)
    assert outcome.timed_out
    group = int(outcome.stdout)
    await asyncio.sleep(0.2)
    living = [one for one in psutil.process_iter(["cmdline"]) if _group(one.pid) == group and one.status() != "zombie"]
    assert living == []


def _group(pid: int) -> int:
    try:
        return module.os.getpgid(pid)
    except ProcessLookupError:
        return -1


async def test_processor_time_memory_and_file_size_are_bounded(sandbox: Sandbox) -> None:
    spun = await run(sandbox, "while True: pass", cpu_s=1, wall_s=60.0)
    assert spun.hit_a_limit
    assert not spun.timed_out
    eaten = await run(sandbox, "x = bytearray(900_000_000)", memory_bytes=400 * MIB)
    assert eaten.exit_code != 0
    written = await run(sandbox, "f = open('x', 'wb')\nwhile True: f.write(bytes(1000000))", file_bytes=4 * MIB)
    assert written.exit_code != 0


async def test_a_flood_of_output_is_read_but_not_kept(sandbox: Sandbox) -> None:
    outcome = await run(sandbox, "import sys\nfor _ in range(400): sys.stderr.write('x' * 100_000)", output_bytes=5000)
    assert outcome.exit_code == 0
    assert len(outcome.stderr) == 5000


async def test_there_is_no_network(sandbox: Sandbox) -> None:
    if not sandbox.network_isolated:
        pytest.skip("this machine permits no network namespaces")
    served = asyncio.Event()
    server = await asyncio.start_server(lambda reader, writer: served.set(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    outcome = await run(sandbox, f"import socket; socket.create_connection(('127.0.0.1', {port}), 3)")
    server.close()
    assert outcome.exit_code != 0
    assert not served.is_set()


async def test_cancelling_kills_the_program(sandbox: Sandbox) -> None:
    with sandbox.private_directory() as room:
        code = "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(600)"
        task = asyncio.create_task(sandbox.run(python(code), Limits(), directory=room))
        while not (room / "pid").exists() or not (room / "pid").read_text():
            await asyncio.sleep(0.05)
        pid = int((room / "pid").read_text())
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie"


async def test_a_private_directory_goes_with_its_job(sandbox: Sandbox) -> None:
    with sandbox.private_directory() as room:
        (room / "x").write_bytes(b"x")
    assert not room.exists()
