"""What a recording says: decode it, transcribe it, and look behind a silent mix before saying "nobody speaks"."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from intake_media.domain.media import MediaInfo, MediaLimits, refusal
from intake_media.domain.transcript import Transcript
from intake_media.ports.media import MediaProbe, SoundDecoder
from intake_media.ports.speech import Heard, Transcriber
from shared.errors import PermanentError

_DEADLINE_BASE_S = 60.0
_DEADLINE_PER_SECOND = 2.0
"""Generous: twice the length of the sound on a machine that does it in a tenth; only a hang exceeds it."""


@dataclass(frozen=True)
class Listener:
    """The way from a stored file to a judged transcript."""

    probe: MediaProbe
    decoder: SoundDecoder
    transcriber: Transcriber

    async def listen(
        self, path: Path, limits: MediaLimits, *, info: MediaInfo | None = None, progress: Heard | None = None
    ) -> Transcript:
        """Transcript of the file at `path` (an opaque name of ours); `info` from the upload saves a second probe.

        PermanentError (not-media, no-audio-track, too-long, too-short, unsupported-format, damaged) where it can't be
        decoded; TransientError where the transcriber failed.
        """
        info = info or await self.probe.probe(path)
        refused = refusal(info, limits)
        if refused is not None:
            raise PermanentError(refused.message, code=refused.code)
        sound = await self.decoder.decode(path, info, limits)
        deadline_s = _DEADLINE_BASE_S + _DEADLINE_PER_SECOND * sound.duration_s
        transcript = await self.transcriber.transcribe(
            sound.samples, deadline_s=deadline_s, flags=sound.flags, progress=progress
        )
        if transcript.verdict != "no-speech":
            return transcript
        async for other in self.decoder.other_views(path, info, limits):
            heard = await self.transcriber.transcribe(
                other.samples, deadline_s=deadline_s, flags=(*sound.flags, "speech-hidden-in-one-channel")
            )
            if heard.text:
                return heard
        return transcript
