"""How far a long recording is: few writes, the newest figure, nothing after the end."""

from __future__ import annotations

import asyncio

from intake_media.handlers.progress import STEPS, following
from tests.support.media_stores import FakeRecordings, job_of


async def test_a_long_recording_costs_a_bounded_number_of_writes_and_ends_with_the_newest() -> None:
    jobs = FakeRecordings()
    async with following(jobs, job_of()) as progress:
        for done in range(401):
            progress(done, 400)
            await asyncio.sleep(0)
        await asyncio.sleep(0.01)
    assert len(jobs.noted) <= STEPS + 1
    assert jobs.noted[-1] == (400, 400)
    assert jobs.noted == sorted(jobs.noted)


async def test_a_stretch_that_ends_late_takes_nothing_back() -> None:
    jobs = FakeRecordings()
    async with following(jobs, job_of()) as progress:
        for done in (0, 3, 1, 2):
            progress(done, 8)
            await asyncio.sleep(0.01)
    assert jobs.noted == [(0, 8), (3, 8)]


async def test_a_database_that_is_away_is_no_matter() -> None:
    jobs = FakeRecordings()
    jobs.away = True
    async with following(jobs, job_of()) as progress:
        progress(1, 4)
        await asyncio.sleep(0.01)
        jobs.away = False
        progress(2, 4)
        await asyncio.sleep(0.01)
    assert jobs.noted == [(2, 4)]


async def test_nothing_is_written_after_the_end() -> None:
    jobs = FakeRecordings()
    async with following(jobs, job_of()) as progress:
        progress(1, 4)
    await asyncio.sleep(0.01)
    assert jobs.noted == []
