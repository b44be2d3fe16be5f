"""Looks into an upload before it is kept, and says in words for residents why it is refused."""

from __future__ import annotations

import asyncio

from intake_media.domain.media import MediaInfo, refusal
from intake_media.domain.recording import RULES
from intake_media.handlers.incoming import Incoming
from intake_media.ports.media import MediaProbe
from shared.errors import PermanentError

PROBES_AT_ONCE = 2

# Codes of the lane's refusals, in words for residents; each is a msgid of the catalogue.
REFUSALS = {
    "not-media": "This file is not a sound or video recording that we can read.",
    "empty": "The file is empty.",
    "no-audio-track": "There is no sound in this file.",
    "unsupported-format": "The sound in this file is in a format that we cannot read.",
    "damaged": "The file is damaged and cannot be read.",
    "too-long": "The recording is too long: at most 10 minutes for voice, 15 minutes for video.",
    "too-short": "The recording is too short; please record it again.",
}


class Inspection:
    """The look into a file; at most `PROBES_AT_ONCE` side by side."""

    def __init__(self, probe: MediaProbe) -> None:
        self._probe = probe
        self._probing = asyncio.Semaphore(PROBES_AT_ONCE)

    async def __call__(self, incoming: Incoming) -> MediaInfo:
        """What is in the file; PermanentError with what is wrong with it (codes of `REFUSALS`)."""
        if incoming.size_bytes == 0:
            raise _refused("empty", "not-media")
        async with self._probing:
            try:
                info = await self._probe.probe(incoming.path)
            except PermanentError as error:
                raise _refused(error.code, error.code) from None
        refused = refusal(info, RULES[incoming.channel].media)
        if refused is not None:
            raise _refused(refused.code, refused.code)
        return info


def _refused(message: str, code: str) -> PermanentError:
    return PermanentError(REFUSALS.get(message, REFUSALS["not-media"]), code=code, pointer="/file")
