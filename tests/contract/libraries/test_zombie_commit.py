"""A consumer that slept through its session: its first commit is fenced, a later explicit one turns the group back.

A plain one does so only in the moment between the new generation and the new assignment, while it still holds the old
position (seen once in many runs; `_do_rejoin_group` awaits there). Then records come twice, and none is lost.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from tests.support.kafka import Workbench, until

pytestmark = pytest.mark.connected
ZOMBIE = Path(__file__).with_name("zombie.py")


async def say(process: asyncio.subprocess.Process, words: str) -> str:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{words}\n".encode())
    await process.stdin.drain()
    return (await asyncio.wait_for(process.stdout.readline(), 20)).decode().strip()


async def test_an_explicit_commit_after_waking_moves_the_group_back_a_plain_one_does_not(bench: Workbench) -> None:
    """Row 11."""
    await bench.send(b"1", b"2", b"3", b"4")
    zombie = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ZOMBIE),
        bench.connection.bootstrap_servers,
        bench.topic,
        bench.group,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        assert zombie.stdout is not None
        assert await asyncio.wait_for(zombie.stdout.readline(), 30) == b"read 0\n"
        zombie.send_signal(signal.SIGSTOP)
        heir = bench.connection.consumer(
            bench.topic, group_id=bench.group, auto_offset_reset="earliest", session_timeout_ms=6000
        )
        await heir.start()
        try:
            read = 0
            while read < 4:  # only once the broker has evicted the sleeper
                batches = await asyncio.wait_for(heir.getmany(timeout_ms=1000), 30)
                read += sum(len(batch) for batch in batches.values())
            await heir.commit()
        finally:
            await heir.stop()
        assert await bench.committed() == 4
        zombie.send_signal(signal.SIGCONT)
        assert await say(zombie, "commit-explicit 1") == "refused CommitFailedError"
        assert await bench.committed() == 4

        async def joined_again() -> bool:
            return await say(zombie, "position") == "at 4"

        await until(joined_again, seconds=30)
        assert await say(zombie, "commit-plain") == "accepted"
        assert await bench.committed() == 4
        assert await say(zombie, "commit-explicit 1") == "accepted"
        assert await bench.committed() == 1
    finally:
        zombie.send_signal(signal.SIGCONT)
        zombie.kill()
        await zombie.wait()
