"""Removes files that no recording names: an upload whose accepting write failed, a copy whose worker died."""

from __future__ import annotations

from datetime import timedelta

import structlog

from intake_media.ports.files import KeptFiles
from intake_media.ports.recordings import RecordingStore
from shared.clock import Clock

_log = structlog.get_logger(__name__)
AGE = timedelta(days=1)
"""Far longer than any upload or job takes, so that nothing in the making is taken for a leftover."""
DAYS_BACK = range(1, 6)


class Sweep:
    """Looks through the last days; run it once a day."""

    def __init__(self, recordings: RecordingStore, files: KeptFiles, clock: Clock) -> None:
        self._recordings = recordings
        self._files = files
        self._clock = clock

    async def __call__(self) -> int:
        """The number of files removed."""
        now, removed = self._clock.now(), 0
        for back in DAYS_BACK:
            named: dict[str, frozenset[str]] = {}
            async for suggestion_id, uri in self._files.of_day((now - timedelta(days=back)).date(), before=now - AGE):
                if suggestion_id not in named:
                    known = await self._recordings.find(suggestion_id)
                    named[suggestion_id] = frozenset(media.uri for media in known.media) if known else frozenset()
                if uri not in named[suggestion_id]:
                    await self._files.remove(uri)
                    removed += 1
        if removed:
            _log.info("leftovers_removed", count=removed)
        return removed
