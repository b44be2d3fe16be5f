"""Turns an upload into 16 kHz mono samples, by libav in a process of its own; only these ever reach Whisper."""

from __future__ import annotations

import re
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np

from intake_media.adapters import ffmpeg
from intake_media.adapters.libav_codes import DONE, NO_DECODER
from intake_media.adapters.media_reader import MediaReader
from intake_media.adapters.sandbox import Limits, Outcome
from intake_media.domain.media import MediaInfo, MediaLimits, lengths_agree, refusal_of_length
from intake_media.domain.sound import RATE_HZ, Samples
from intake_media.ports.media import DecodedSound
from shared.errors import PermanentError

_MAX_VIEWS = 12
"""Tracks and channels that are listened to before "nothing was heard"."""

# What the codec whitelist itself makes libav say about cover art and picture tracks: no sign of damage.
_HARMLESS = re.compile(r"not on whitelist|^\s*$")


class LibavDecoder:
    """Decodes within the limits of a channel; every way to lose sound in silence ends in a flag or a refusal."""

    def __init__(self, reader: MediaReader) -> None:
        self._reader = reader

    async def decode(self, path: Path, info: MediaInfo, limits: MediaLimits) -> DecodedSound:
        """The first sound track mixed to mono. PermanentError: too-long, too-short, damaged, unsupported-format."""
        return await self._decode(path, info, limits, track=0, channel=None)

    async def other_views(self, path: Path, info: MediaInfo, limits: MediaLimits) -> AsyncIterator[DecodedSound]:
        """Each channel alone and each further track: opposite phases and a silent first track hide speech."""
        views = [
            (track.index, channel)
            for track in info.audio
            for channel in ([None] if track.channels == 1 else range(track.channels))
            if (track.index, track.channels) != (0, 1)
        ]
        for track, channel in views[:_MAX_VIEWS]:
            try:
                yield await self._decode(path, info, limits, track=track, channel=channel)
            except PermanentError:
                continue  # One unreadable track says nothing about the next.

    async def _decode(
        self, path: Path, info: MediaInfo, limits: MediaLimits, *, track: int, channel: int | None
    ) -> DecodedSound:
        # One second more than allowed is decoded, so that a longer recording is refused and not cut in silence.
        count = int((limits.max_duration_s + 1.0) * RATE_HZ)
        job = {"task": "decode", **ffmpeg.allowed(ffmpeg.AUDIO_CODECS), "track": track, "channel": channel}
        outcome = await self._reader.run(
            job | {"samples": count}, path, Limits(wall_s=120.0, cpu_s=30, output_bytes=2 * count)
        )
        return _judged(outcome, info, limits, track=track)


def read_wav(path: Path) -> Samples:
    """Samples of a 16-bit mono WAV; the first channel of others; empty where there is none."""
    try:
        with wave.open(str(path), "rb") as held:
            if held.getsampwidth() != 2:
                return np.zeros(0, np.float32)
            raw = np.frombuffer(held.readframes(held.getnframes()), dtype="<i2")
            raw = raw[:: held.getnchannels()]
    except (OSError, EOFError, wave.Error):
        return np.zeros(0, np.float32)
    return raw.astype(np.float32) / 32768.0


def _judged(outcome: Outcome, info: MediaInfo, limits: MediaLimits, *, track: int) -> DecodedSound:
    said = outcome.stderr.decode("utf-8", "replace")
    complaints = [line for line in said.splitlines() if not _HARMLESS.search(line)]
    whole = len(outcome.stdout) // 2 * 2
    samples = np.frombuffer(outcome.stdout[:whole], dtype="<i2").astype(np.float32) / 32768.0
    if not samples.size:
        # Nothing and no complaint is what a reference to a foreign file or a lying index leaves behind.
        if outcome.exit_code == NO_DECODER:
            raise PermanentError("the sound is in a format that we do not read", code="unsupported-format")
        raise PermanentError("no sound could be read from the file", code="damaged")
    duration_s = len(samples) / RATE_HZ
    refused = refusal_of_length(duration_s, limits)
    if refused is not None:
        raise PermanentError(refused.message, code=refused.code)
    flags = []
    if outcome.exit_code != DONE or complaints or info.incomplete:
        flags.append("damaged-media")
    claimed_s = None if info.duration_estimated or track else info.duration_s
    if claimed_s is not None and not lengths_agree(claimed_s, duration_s):
        flags.append("duration-mismatch")
    return DecodedSound(samples=samples, duration_s=duration_s, flags=tuple(flags))
