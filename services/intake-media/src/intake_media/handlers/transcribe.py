"""From a leased recording to its outcome: fetch, listen, derive, and one fenced write that also publishes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import structlog

from intake_media.domain.jobs import Job
from intake_media.domain.recording_events import outcome_events
from intake_media.domain.transcript import Transcript, unusable
from intake_media.handlers.listen import Listener
from intake_media.handlers.progress import following
from intake_media.ports.files import Originals
from intake_media.ports.jobs import Jobs
from intake_media.ports.media import Derivation, Derived, MediaProbe
from shared.contracts.suggestions import MediaRef
from shared.errors import MinshengError, PermanentError, TransientError

_log = structlog.get_logger(__name__)
MAX_FAILURES = 2
"""So often a recording may crash or stall the transcriber and be tried again."""
MAX_LOSSES = 8
"""So often a worker may vanish with it: beyond, the recording itself is what kills them."""
JOB_DEADLINE_S = 1_800.0
RETRY_AFTER_S = 2.0
OUTAGE_AFTER_S = 5.0

ABOUT_THE_FILE = frozenset(
    {
        "not-media",
        "no-audio-track",
        "too-long",
        "too-short",
        "too-large",
        "unsupported-format",
        "damaged",
        "foreign-uri",
        "original-missing",
        "hash-mismatch",
    }
)
"""Permanent errors that are the recording's own; any other is a fault of this installation and blames no recording."""
TRANSCRIBER_FAULTS = frozenset({"transcriber-crashed", "transcriber-timeout", "transcriber-failed", "reader-failed"})


@dataclass(frozen=True)
class Done:
    """How a job ended here: `verdict` when its outcome was written, else why it was given back or lost."""

    verdict: str | None
    code: str | None = None
    transcript: Transcript | None = None


class Transcribe:
    """Works on one job at a time; raises nothing but cancellation."""

    def __init__(
        self,
        *,
        jobs: Jobs,
        originals: Originals,
        probe: MediaProbe,
        listener: Listener,
        derivation: Derivation,
        private_directory: Callable[[], AbstractContextManager[Path]],
    ) -> None:
        self._jobs = jobs
        self._originals = originals
        self._probe = probe
        self._listener = listener
        self._derivation = derivation
        self._private_directory = private_directory

    async def __call__(self, job: Job) -> Done:
        """Outcome written where the fence still matches, or the job given back."""
        if job.losses > MAX_LOSSES:
            return await self._finish(job, unusable("worker-lost"))
        try:
            async with asyncio.timeout(JOB_DEADLINE_S):
                transcript, derived = await self._hear(job)
        except PermanentError as error:
            if error.code in ABOUT_THE_FILE:
                return await self._finish(job, unusable(error.code))
            _log.error("transcriber_not_usable", code=error.code, recording_id=job.recording.recording_id)
            return await self._give_back(job, error.code, after_s=OUTAGE_AFTER_S, failed=False)
        except TransientError as error:
            if error.code in TRANSCRIBER_FAULTS:
                return await self._failed(job, error.code)
            return await self._give_back(job, error.code, after_s=OUTAGE_AFTER_S, failed=False)
        except TimeoutError:
            return await self._failed(job, "transcriber-timeout")
        except Exception as error:  # a bug must cost this recording its tries, not the worker its life
            _log.error("transcribing_failed_unexpectedly", recording_id=job.recording.recording_id, exc_info=error)
            return await self._failed(job, "transcriber-failed")
        return await self._finish(job, transcript, derived)

    async def _hear(self, job: Job) -> tuple[Transcript, list[MediaRef]]:
        recording = job.recording
        with self._private_directory() as room:
            path = room / "original"
            await self._originals.fetch(recording.original, path, max_bytes=recording.rules.max_bytes)
            info = recording.info or await self._probe.probe(path)
            async with following(self._jobs, job) as progress:
                transcript = await self._listener.listen(path, recording.rules.media, info=info, progress=progress)
            made = await self._derivation.with_transcript(path, info, transcript, room=room)
            return transcript, await keep_derived(self._originals, job, made)

    async def _failed(self, job: Job, code: str) -> Done:
        if job.failures >= MAX_FAILURES:
            return await self._finish(job, unusable(code))
        return await self._give_back(job, code, after_s=RETRY_AFTER_S * 2**job.failures, failed=True)

    async def _finish(self, job: Job, transcript: Transcript, derived: list[MediaRef] | None = None) -> Done:
        events = outcome_events(job.recording, transcript, derived or ())
        try:
            written = await self._jobs.finish(job, transcript, derived or (), events)
        except MinshengError as error:
            # Not known to be written. If it was not, the lease ends and the job is done again: one effect either way.
            _log.warning("outcome_not_known", code=error.code, recording_id=job.recording.recording_id)
            return Done(None, error.code)
        if not written:
            _log.warning("taken_over", recording_id=job.recording.recording_id, fence=job.fence)
            return Done(None, "taken-over")
        return Done(transcript.verdict, transcript=transcript)

    async def _give_back(self, job: Job, code: str, *, after_s: float, failed: bool) -> Done:
        _log.warning("given_back", code=code, recording_id=job.recording.recording_id, failed=failed)
        try:
            await self._jobs.give_back(job, after_s=after_s, failed=failed)
        except MinshengError as error:
            _log.warning("lease_left_to_end", code=error.code, recording_id=job.recording.recording_id)
        return Done(None, code)


async def keep_derived(originals: Originals, job: Job, made: Sequence[Derived]) -> list[MediaRef]:
    """Store derived files; the fence in the name, since a second try must not meet the first one's file there."""
    recording = job.recording
    folder = f"recordings/{recording.received_at:%Y-%m-%d}/{recording.suggestion_id}"
    return [
        await originals.keep(
            f"{folder}/{one.path.name}-{job.fence}",
            one.path,
            role=one.role,
            media_type=one.media_type,
            duration_s=one.duration_s,
        )
        for one in made
    ]
