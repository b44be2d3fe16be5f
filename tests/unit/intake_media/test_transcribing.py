"""One job: its outcome is written once, every fault ends in a retry or in a said reason."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from intake_media.domain.jobs import Job
from intake_media.domain.media import MediaInfo, MediaLimits
from intake_media.domain.transcript import Transcript, unusable
from intake_media.handlers import transcribe as module
from intake_media.handlers.copy import MakeCopies
from intake_media.handlers.transcribe import MAX_FAILURES, MAX_LOSSES, Done, Transcribe
from intake_media.ports.speech import Heard
from shared.errors import OutcomeUnknown, PermanentError, TransientError, Unavailable
from tests.support.media_stores import (
    FakeDerivation,
    FakeOriginals,
    FakeProbe,
    FakeRecordings,
    job_of,
    private_directory_in,
    recording_of,
)

HEARD = Transcript(verdict="clear", text="路灯坏了。", duration_s=6.0)


class Ears:
    """A listener that says or raises what it is told."""

    def __init__(self) -> None:
        self.says: Transcript | Exception = HEARD
        self.heard: list[bytes] = []

    async def listen(
        self, path: Path, limits: MediaLimits, *, info: MediaInfo | None = None, progress: Heard | None = None
    ) -> Transcript:
        self.heard.append(path.read_bytes())
        if progress is not None:
            progress(3, 8)
            await asyncio.sleep(0)
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


class Bench:
    """The use case with fakes around it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.jobs = FakeRecordings()
        self.originals = FakeOriginals()
        self.originals.held["memory:note"] = b"note"
        self.ears = Ears()
        parts: dict[str, Any] = {
            "jobs": self.jobs,
            "originals": self.originals,
            "probe": FakeProbe(),
            "derivation": FakeDerivation(),
            "private_directory": private_directory_in(folder),
        }
        self.transcribe = Transcribe(listener=self.ears, **parts)
        self.copy = MakeCopies(**parts)

    def outcome(self, job: Job) -> Transcript:
        return self.jobs.outcomes[job.recording.suggestion_id][0]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


async def test_what_was_heard_is_written_with_its_events_and_nothing_stays_on_the_disk(bench: Bench) -> None:
    job = job_of()
    done = await bench.transcribe(job)
    assert bench.jobs.noted == [(3, 8)]
    assert done == Done("clear", transcript=HEARD)
    transcript, derived, events = bench.jobs.outcomes[job.recording.suggestion_id]
    assert transcript == HEARD
    assert [one.role for one in derived] == ["captions"]
    assert [event.type_name for event in events] == ["suggestion.submitted.v1", "recording.transcribed.v1"]
    assert bench.ears.heard == [b"note"]
    assert list(bench.folder.iterdir()) == []


@pytest.mark.parametrize("code", ["not-media", "too-long", "damaged", "hash-mismatch", "original-missing"])
async def test_a_fault_of_the_file_is_an_outcome_at_once(bench: Bench, code: str) -> None:
    bench.ears.says = PermanentError("no", code=code)
    job = job_of()
    assert (await bench.transcribe(job)).verdict == "unusable"
    assert bench.outcome(job).reasons == (code,)
    assert bench.jobs.given_back == []


async def test_a_fault_of_this_installation_blames_no_recording(bench: Bench) -> None:
    bench.ears.says = PermanentError("no weights", code="weights-missing")
    job = job_of()
    assert (await bench.transcribe(job)).verdict is None
    assert bench.jobs.outcomes == {}
    assert [failed for _, _, failed in bench.jobs.given_back] == [False]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (TransientError("x", code="transcriber-crashed"), "transcriber-crashed"),
        (TransientError("x", code="transcriber-timeout"), "transcriber-timeout"),
        (ZeroDivisionError(), "transcriber-failed"),
        (TransientError("x", code="reader-failed"), "reader-failed"),
    ],
)
async def test_a_crash_is_tried_again_and_given_up_after_two_repeats(bench: Bench, fault: Exception, code: str) -> None:
    bench.ears.says = fault
    for failures in range(MAX_FAILURES):
        assert (await bench.transcribe(job_of(failures=failures))).verdict is None
    assert [failed for _, _, failed in bench.jobs.given_back] == [True] * MAX_FAILURES
    last = job_of(failures=MAX_FAILURES)
    assert (await bench.transcribe(last)).verdict == "unusable"
    assert bench.outcome(last).reasons == (code,)


async def test_an_outage_of_a_store_is_waited_out_without_counting(bench: Bench) -> None:
    bench.originals.fail_next = Unavailable()
    assert (await bench.transcribe(job_of(failures=MAX_FAILURES))).verdict is None
    assert [failed for _, _, failed in bench.jobs.given_back] == [False]


async def test_a_job_that_outlasts_its_deadline_counts_as_a_stall(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def for_ever(*_: Any, **__: Any) -> Transcript:
        await asyncio.Event().wait()
        return HEARD

    monkeypatch.setattr(module, "JOB_DEADLINE_S", 0.01)
    monkeypatch.setattr(bench.ears, "listen", for_ever)
    assert (await bench.transcribe(job_of())).code == "transcriber-timeout"
    assert [failed for _, _, failed in bench.jobs.given_back] == [True]


async def test_a_recording_whose_workers_vanish_again_and_again_is_given_up_unheard(bench: Bench) -> None:
    job = job_of(losses=MAX_LOSSES + 1)
    assert (await bench.transcribe(job)).verdict == "unusable"
    assert bench.outcome(job) == unusable("worker-lost")
    assert bench.ears.heard == []


async def test_a_job_that_was_taken_over_writes_nothing(bench: Bench) -> None:
    job = job_of(fence=1)
    bench.jobs.fences[job.recording.suggestion_id] = 2
    assert await bench.transcribe(job) == Done(None, "taken-over")
    assert bench.jobs.outcomes == {}


async def test_an_outcome_that_may_not_have_been_written_is_left_to_the_lease(bench: Bench) -> None:
    bench.jobs.fail_next = OutcomeUnknown()
    assert (await bench.transcribe(job_of())).code == "outcome-unknown"
    assert bench.jobs.given_back == []


async def test_a_hotline_file_that_nobody_probed_yet_is_probed(bench: Bench) -> None:
    assert (await bench.transcribe(job_of(recording_of(info=None, channel="hotline")))).verdict == "clear"


async def test_copies_are_made_and_named_afterwards(bench: Bench) -> None:
    job = job_of()
    await bench.copy(job)
    assert bench.jobs.copied == {job.recording.suggestion_id: ["audio"]}


async def test_a_copy_that_fails_is_tried_later_and_hurts_nothing_else(bench: Bench) -> None:
    bench.originals.fail_next = Unavailable()
    assert (await bench.copy(job_of())).code == "unavailable"
    assert [failed for _, _, failed in bench.jobs.given_back] == [True]
    assert bench.jobs.copied == {}
