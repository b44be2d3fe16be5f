"""The loop of a worker: it claims, keeps the lease, gives back when stopped, and is ready only when it can work."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from intake_media.domain.jobs import Job
from intake_media.domain.transcript import Transcript
from intake_media.handlers.transcribe import Done
from intake_media.worker.loop import Worker
from shared.clock import SystemClock
from shared.errors import PermanentError, Unavailable
from tests.support.clock import FrozenClock
from tests.support.media_stores import FakeRecordings, job_of

Do = Callable[[Job], Awaitable[Done]]
HEARD = Done("clear", transcript=Transcript(verdict="clear", text="好"))


async def nothing() -> None:
    return


def worker_of(jobs: FakeRecordings, do: Do, **changes: object) -> Worker:
    options: dict[str, object] = {
        "lane": "voice",
        "jobs": jobs,
        "transcribe": do,
        "copy": None,
        "prepare": nothing,
        "clock": SystemClock(),
        "renew_every_s": 0.01,
    }
    return Worker(**{**options, **changes})


@contextlib.asynccontextmanager
async def running(worker: Worker) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(worker.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_waiting_jobs_are_worked_on_side_by_side_up_to_the_concurrency() -> None:
    jobs, at_once, most = FakeRecordings(), 0, 0
    all_in = asyncio.Event()
    jobs.queues["voice"] = [job_of() for _ in range(3)]

    async def do(job: Job) -> Done:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        if at_once == 2:
            all_in.set()
        await all_in.wait()
        await asyncio.sleep(0)
        at_once -= 1
        return HEARD

    done: list[str] = []
    worker = worker_of(jobs, do, concurrency=2, on_done=lambda transcript, _: done.append(transcript.verdict))
    async with running(worker), asyncio.timeout(5):
        while len(done) < 3:
            await asyncio.sleep(0.01)
    assert most == 2


async def test_a_stopped_worker_gives_its_job_back_at_once() -> None:
    """Row 23."""
    jobs, started = FakeRecordings(), asyncio.Event()
    job = job_of()
    jobs.queues["voice"] = [job]
    ended = asyncio.Event()

    async def do(_: Job) -> Done:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return HEARD

    async with running(worker_of(jobs, do)), asyncio.timeout(5):
        await started.wait()
    assert ended.is_set()
    assert jobs.given_back == [(job.recording.suggestion_id, 0.0, False)]


async def test_work_ends_as_soon_as_the_lease_was_taken_over() -> None:
    jobs, returned = FakeRecordings(), []
    jobs.queues["voice"], jobs.lost_leases = [job_of()], True

    async def do(_: Job) -> Done:
        await asyncio.Event().wait()
        return HEARD

    worker = worker_of(jobs, do, on_returned=returned.append)
    async with running(worker), asyncio.timeout(5):
        while not returned:
            await asyncio.sleep(0.01)
    assert returned == ["lease-lost"]
    assert jobs.given_back == []


async def test_the_lease_is_renewed_while_the_work_lasts() -> None:
    """Row 13."""
    jobs = FakeRecordings()
    jobs.queues["voice"] = [job_of()]

    async def do(_: Job) -> Done:
        while jobs.renewals < 3:
            await asyncio.sleep(0.005)
        return HEARD

    async with running(worker_of(jobs, do)), asyncio.timeout(5):
        while jobs.renewals < 3:
            await asyncio.sleep(0.005)
    assert jobs.renewals >= 3


async def test_a_worker_without_weights_claims_nothing_says_why_and_starts_once_it_can() -> None:
    jobs, tries = FakeRecordings(), 0
    jobs.queues["voice"] = [job_of()]
    done: list[str] = []

    async def prepare() -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise PermanentError("run make setup", code="weights-missing")

    async def do(_: Job) -> Done:
        return HEARD

    clock = FrozenClock()
    worker = worker_of(jobs, do, prepare=prepare, clock=clock, on_done=lambda *_: done.append("done"))
    assert await worker.check() == "loading the model"
    async with running(worker), asyncio.timeout(5):
        while not done:
            await asyncio.sleep(0)
    assert clock.slept[0] == 10.0
    assert await worker.check() is None


async def test_an_unreachable_queue_is_asked_again() -> None:
    jobs, done = FakeRecordings(), []
    jobs.queues["voice"], jobs.fail_next = [job_of()], Unavailable()

    async def do(_: Job) -> Done:
        return HEARD

    clock = FrozenClock()
    async with (
        running(worker_of(jobs, do, clock=clock, on_done=lambda *_: done.append(1))),
        asyncio.timeout(5),
    ):
        while not done:
            await asyncio.sleep(0)
    assert done == [1]


async def test_copies_wait_until_no_recording_waits_for_its_text() -> None:
    jobs, order = FakeRecordings(), []
    jobs.queues["voice"] = [job_of(), job_of()]
    jobs.lacking_copies = [job_of()]

    async def do(_: Job) -> Done:
        order.append("text")
        return HEARD

    async def copy(_: Job) -> Done:
        order.append("copy")
        return Done(None)

    async with running(worker_of(jobs, do, copy=copy, clock=FrozenClock())), asyncio.timeout(5):
        while "copy" not in order:
            await asyncio.sleep(0)
    assert order == ["text", "text", "copy"]


async def test_a_worker_that_stopped_looking_for_work_is_not_ready() -> None:
    jobs, clock = FakeRecordings(), FrozenClock()
    worker = worker_of(jobs, lambda _: asyncio.sleep(0, HEARD), clock=clock)
    worker._fault = None
    clock.advance(121)
    assert await worker.check() == "has not looked for work for 121 s"


async def test_with_a_backlog_more_are_prepared_while_the_engine_is_busy_and_without_one_they_are_not() -> None:
    for backlog, ahead, expected in ((5, 1, 2), (2, 1, 1), (9, 3, 4), (4, 3, 2)):
        jobs, started = FakeRecordings(), []
        jobs.queues["voice"] = [job_of() for _ in range(backlog)]

        async def do(job: Job, started: list[Job] = started) -> Done:
            started.append(job)
            await asyncio.Event().wait()
            return HEARD

        async with running(worker_of(jobs, do, clock=FrozenClock(), ahead=ahead)):
            for _ in range(200):
                await asyncio.sleep(0)
        assert len(started) == expected
