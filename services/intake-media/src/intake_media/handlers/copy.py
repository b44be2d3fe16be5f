"""After the text is out: the copy that the tracking page and the desk play, and key frames; a luxury, never a duty."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import structlog

from intake_media.domain.jobs import Job
from intake_media.handlers.transcribe import Done, keep_derived
from intake_media.ports.files import Originals
from intake_media.ports.jobs import Jobs
from intake_media.ports.media import Derivation, MediaProbe
from shared.errors import MinshengError

_log = structlog.get_logger(__name__)
RETRY_AFTER_S = 30.0


class MakeCopies:
    """Works on one job at a time; raises nothing but cancellation."""

    def __init__(
        self,
        *,
        jobs: Jobs,
        originals: Originals,
        probe: MediaProbe,
        derivation: Derivation,
        private_directory: Callable[[], AbstractContextManager[Path]],
    ) -> None:
        self._jobs = jobs
        self._originals = originals
        self._probe = probe
        self._derivation = derivation
        self._private_directory = private_directory

    async def __call__(self, job: Job) -> Done:
        """The files named in the recording, or none where they can't be made."""
        try:
            with self._private_directory() as room:
                path = room / "original"
                rules = job.recording.rules
                await self._originals.fetch(job.recording.original, path, max_bytes=rules.max_bytes)
                info = job.recording.info or await self._probe.probe(path)
                made = await self._derivation.copies(path, info, limits=rules.media, room=room)
                kept = await keep_derived(self._originals, job, made)
            await self._jobs.finish_copies(job, kept)
            return Done(None)
        except MinshengError as error:
            return await self._later(job, error.code)
        except Exception as error:
            _log.error("copying_failed_unexpectedly", recording_id=job.recording.recording_id, exc_info=error)
            return await self._later(job, "copying-failed")

    async def _later(self, job: Job, code: str) -> Done:
        """The store counts the tries and lets a hopeless one off."""
        with contextlib.suppress(MinshengError):  # else the end of its lease gives it back
            await self._jobs.give_back(job, after_s=RETRY_AFTER_S, failed=True)
        return Done(None, code)
