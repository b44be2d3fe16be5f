"""Turns an upload into 16 kHz mono samples; only these ever reach Whisper."""

from __future__ import annotations

import re
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np

from intake_media.adapters import ffmpeg
from intake_media.adapters.sandbox import Limits, Outcome, Sandbox
from intake_media.domain.media import MediaInfo, MediaLimits, lengths_agree, refusal_of_length
from intake_media.domain.sound import RATE_HZ, Samples
from intake_media.ports import DecodedSound
from shared.errors import PermanentError

_BYTES_A_SECOND = RATE_HZ * 2
_MAX_VIEWS = 12
"""Tracks and channels that are listened to before "nothing was heard"."""

# What the codec whitelist itself makes ffmpeg say about cover art and picture tracks: no sign of damage.
_HARMLESS = re.compile(
    r"not on whitelist|Error while opening decoder|Failed to open codec|Could not find codec parameters"
    r"|Last message repeated|unspecified size|Consider increasing the value|^\s*$"
)


class FfmpegDecoder:
    """Decodes within the limits of a channel; every way to lose sound in silence ends in a flag or a refusal."""

    def __init__(self, sandbox: Sandbox, *, binary: str | None = None) -> None:
        self._sandbox = sandbox
        self._binary = binary or ffmpeg.find()

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
        ceiling_s = limits.max_duration_s + 1.0
        with self._sandbox.private_directory() as room:
            out = room / "sound.wav"
            sound = ffmpeg.source(path, codecs=ffmpeg.AUDIO_CODECS, vn=None, sn=None, dn=None)[f"a:{track}"]
            if channel is not None:
                sound = sound.filter("channelmap", map=channel, channel_layout="mono")
            # New time stamps from the sample count: a gap in the old ones would end the note at `t`.
            sound = sound.filter("asetpts", "N/SR/TB")
            argv = ffmpeg.command(
                self._binary,
                ffmpeg.output([sound], out, format="wav", t=ceiling_s, ac=1, ar=RATE_HZ, acodec="pcm_s16le"),
            )
            ceiling_bytes = int((ceiling_s + 5) * _BYTES_A_SECOND)
            outcome = await self._sandbox.run(
                argv, Limits(wall_s=120.0, cpu_s=30, file_bytes=ceiling_bytes), directory=room
            )
            samples = read_wav(out)
        return _judged(outcome, samples, info, limits, track=track)


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


def _judged(outcome: Outcome, samples: Samples, info: MediaInfo, limits: MediaLimits, *, track: int) -> DecodedSound:
    said = outcome.stderr.decode("utf-8", "replace")
    complaints = [line for line in said.splitlines() if not _HARMLESS.search(line)]
    codec = info.audio[track].codec
    if not samples.size:
        # An empty file with exit code 0 is what a reference to a foreign file or a lying index leaves behind.
        if "Decoder not found" in said or f"Codec ({codec}) not on whitelist" in said:
            raise PermanentError("the sound is in a format that we do not read", code="unsupported-format")
        raise PermanentError("no sound could be read from the file", code="damaged")
    duration_s = len(samples) / RATE_HZ
    refused = refusal_of_length(duration_s, limits)
    if refused is not None:
        raise PermanentError(refused.message, code=refused.code)
    flags = []
    if outcome.exit_code != 0 or complaints or info.incomplete:
        flags.append("damaged-media")
    claimed_s = None if info.duration_estimated or track else info.duration_s
    if claimed_s is not None and not lengths_agree(claimed_s, duration_s):
        flags.append("duration-mismatch")
    return DecodedSound(samples=samples, duration_s=duration_s, flags=tuple(flags))
