"""What is in an uploaded file, by its contents: read by ffmpeg alone (the wheel brings no ffprobe)."""

from __future__ import annotations

import re
from pathlib import Path

from intake_media.adapters import ffmpeg
from intake_media.adapters.sandbox import Limits, Outcome, Sandbox
from intake_media.domain.media import AudioTrack, MediaInfo, VideoTrack
from shared.errors import PermanentError

PROBE_LIMITS = Limits(wall_s=60.0, cpu_s=10, file_bytes=1024 * 1024)

# Metadata are printed deeper or behind a name, so they cannot pass for these lines.
_INPUT = re.compile(r"^Input #0, (?P<names>[\w,]+), from ", re.MULTILINE)
_DURATION = re.compile(r"^  Duration: (?:(?P<h>\d+):(?P<m>\d\d):(?P<s>\d\d\.\d+)|N/A)", re.MULTILINE)
_STREAM = re.compile(r"^  Stream #0:\d+[^:\n]*: (?P<kind>Audio|Video): (?P<codec>\w+)(?P<rest>.*)$", re.MULTILINE)
_RATE = re.compile(r", (\d+) Hz, ([^,\n]+)")
_SIZE = re.compile(r", (\d{1,6})x(\d{1,6})\b")
_CHANNELS = {"mono": 1, "stereo": 2, "2.1": 3, "3.0": 3, "quad": 4, "4.0": 4, "5.0": 5, "5.1": 6, "6.1": 7, "7.1": 8}


class FfmpegProbe:
    """The `MediaProbe` port by ffmpeg's own report about its input."""

    def __init__(self, sandbox: Sandbox, *, binary: str | None = None) -> None:
        self._sandbox = sandbox
        self._binary = binary or ffmpeg.find()

    async def probe(self, path: Path) -> MediaInfo:
        """Container, length and tracks. PermanentError `not-media` where none of our formats is in it, or `damaged`."""
        with self._sandbox.private_directory() as room:
            argv = ffmpeg.command(
                self._binary,
                # Decoders of both kinds: a codec off the list would be reported without its figures.
                ffmpeg.source(path, codecs=f"{ffmpeg.AUDIO_CODECS},{ffmpeg.VIDEO_CODECS}").output(
                    "-", format="null", map="0", c="copy", t=0, map_metadata="-1"
                ),
                level="info",
            )
            outcome = await self._sandbox.run(argv, PROBE_LIMITS, directory=room)
        info = read_probe(outcome)
        return info.model_copy(update={"incomplete": True}) if info.container == "wav" and is_cut(path) else info


def is_cut(path: Path) -> bool:
    """Whether a WAV ends before its `data` chunk does. A length of (nearly) 4 GB is a recorder's "not known"."""
    with path.open("rb") as held:
        size = held.seek(0, 2)
        at = 12
        for _ in range(64):
            held.seek(at)
            head = held.read(8)
            if len(head) < 8:
                return False
            length = int.from_bytes(head[4:], "little")
            if head[:4] == b"data":
                return length < 0xFFFF_0000 and at + 8 + length > size
            at += 8 + length + length % 2
    return False


def read_probe(outcome: Outcome) -> MediaInfo:
    """The figures in what ffmpeg said about its input."""
    said = re.split(r"^Output #0,", outcome.stderr.decode("utf-8", "replace"), maxsplit=1, flags=re.MULTILINE)[0]
    opened = _INPUT.search(said)
    if opened is None:
        if outcome.hit_a_limit:
            raise PermanentError("reading the file takes more than any recording needs", code="damaged")
        raise PermanentError("the file is no sound or video that we take", code="not-media")
    names = opened["names"].split(",")
    audio: list[AudioTrack] = []
    video: list[VideoTrack] = []
    for stream in _STREAM.finditer(said, opened.end()):
        if stream["kind"] == "Audio":
            rate = _RATE.search(stream["rest"])
            audio.append(
                AudioTrack(
                    index=len(audio),
                    codec=stream["codec"],
                    rate_hz=int(rate[1]) if rate else 0,
                    channels=_channels(rate[2]) if rate else 0,
                )
            )
        elif "(attached pic)" not in stream["rest"]:
            size = _SIZE.search(stream["rest"])
            width, height = (int(size[1]), int(size[2])) if size else (0, 0)
            video.append(VideoTrack(index=len(video), codec=stream["codec"], width=width, height=height))
    duration = _DURATION.search(said, opened.end())
    seconds = None
    if duration is not None and duration["h"] is not None:
        seconds = int(duration["h"]) * 3600 + int(duration["m"]) * 60 + float(duration["s"])
    return MediaInfo(
        container=names[0],
        duration_s=seconds,
        duration_estimated="Estimating duration from bitrate" in said,
        audio=tuple(audio),
        video=tuple(video),
    )


def _channels(layout: str) -> int:
    name = layout.strip().split("(")[0]
    counted = re.match(r"(\d+) channels", name)
    return int(counted[1]) if counted else _CHANNELS.get(name, 0)
