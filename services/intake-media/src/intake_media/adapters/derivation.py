"""Everything that is made from a recording for people to look at and listen to; none of it carries its metadata."""

from __future__ import annotations

from pathlib import Path

import structlog

from intake_media.adapters import ffmpeg
from intake_media.adapters.pictures import FfmpegPictures
from intake_media.adapters.sandbox import Limits, Sandbox
from intake_media.domain.captions import web_vtt
from intake_media.domain.media import MediaInfo, MediaLimits
from intake_media.domain.transcript import Transcript
from intake_media.ports.media import Derived
from shared.errors import MinshengError

_log = structlog.get_logger(__name__)
_SOUND = Limits(wall_s=300.0, cpu_s=120, file_bytes=64 * 1024 * 1024)


class FfmpegDerivation:
    """The `Derivation` port. What can't be made is left out: the transcript never fails for want of a picture."""

    def __init__(self, sandbox: Sandbox, *, binary: str | None = None) -> None:
        self._sandbox = sandbox
        self._binary = binary or ffmpeg.find()
        self._pictures = FfmpegPictures(sandbox, binary=self._binary)

    async def with_transcript(
        self, path: Path, info: MediaInfo, transcript: Transcript, *, room: Path
    ) -> list[Derived]:
        """Poster, captions, and the sound where a person must listen: quick, so they are published with the text."""
        made: list[Derived] = []
        if transcript.verdict != "clear" and not info.video:
            made += await self._of_sound(path, info, transcript.duration_s or MediaLimits().max_duration_s, room)
        if transcript.segments:
            captions = room / "captions.vtt"
            captions.write_text(web_vtt(transcript.segments), encoding="utf-8")
            made.append(Derived("captions", captions, "text/vtt"))
        if info.video:
            try:
                poster = await self._pictures.poster(path, info)
            except MinshengError as error:
                _log.warning("poster_not_made", code=error.code)
            else:
                if poster is not None:
                    made.append(_image("poster", poster, room / "poster.jpg"))
        return made

    async def copies(self, path: Path, info: MediaInfo, *, limits: MediaLimits, room: Path) -> list[Derived]:
        """What every browser plays, and key frames: slow, so it is made when nothing waits for a transcript."""
        try:
            if info.video:
                return await self._of_video(path, info, limits, room)
            return await self._of_sound(path, info, limits.max_duration_s, room)
        except MinshengError as error:
            _log.warning("copy_not_made", code=error.code)
            return []

    async def _of_video(self, path: Path, info: MediaInfo, limits: MediaLimits, room: Path) -> list[Derived]:
        made = [
            _image("key-frame", frame, room / f"frame-{number}.jpg")
            for number, frame in enumerate(await self._pictures.key_frames(path, info))
        ]
        target = room / "web-copy.mp4"
        if await self._pictures.web_copy(path, info, target, max_duration_s=limits.max_duration_s):
            made.append(Derived("web-copy", target, "video/mp4", info.duration_s))
        return made

    async def _of_sound(self, path: Path, info: MediaInfo, longest_s: float, room: Path) -> list[Derived]:
        target = room / "audio.m4a"
        stream = ffmpeg.output(
            [ffmpeg.source(path, codecs=ffmpeg.AUDIO_CODECS, vn=None, sn=None, dn=None)["a:0"]],
            target,
            format="mp4",
            t=longest_s,
            acodec="aac",
            ac=1,
            ar=44_100,
            audio_bitrate="64k",
            movflags="+faststart",
        )
        argv = ffmpeg.command(self._binary, stream)
        outcome = await self._sandbox.run(argv, _SOUND, directory=room)
        if outcome.exit_code != 0 or not target.is_file() or not target.stat().st_size:
            return []
        return [Derived("audio", target, "audio/mp4", info.duration_s)]


def _image(role: str, data: bytes, path: Path) -> Derived:
    path.write_bytes(data)
    return Derived(role, path, "image/jpeg")
