"""What is made from a video beside its text: poster, key frames and a copy that every browser plays; no metadata."""

from __future__ import annotations

from pathlib import Path

from intake_media.adapters import ffmpeg
from intake_media.adapters.sandbox import Limits, Sandbox
from intake_media.domain.media import MAX_PIXELS, MediaInfo
from shared.errors import PermanentError

_MIB = 1024 * 1024
_FRAME = Limits(wall_s=90.0, cpu_s=20, file_bytes=8 * _MIB)
_COPY = Limits(wall_s=1800.0, cpu_s=900, file_bytes=512 * _MIB)
_FRAME_WIDTH, _COPY_HEIGHT = 960, 720


class FfmpegPictures:
    """Pictures of an upload's first video track; None where there is none, or one too large to decode safely."""

    def __init__(self, sandbox: Sandbox, *, binary: str | None = None) -> None:
        self._sandbox = sandbox
        self._binary = binary or ffmpeg.find()

    async def poster(self, path: Path, info: MediaInfo) -> bytes | None:
        """One JPEG, at most 960 pixels wide, from the first second or the middle of a shorter video."""
        return await self._frame(path, info, at_s=min(1.0, (info.duration_s or 0.0) / 2))

    async def key_frames(self, path: Path, info: MediaInfo, *, count: int = 4) -> list[bytes]:
        """Up to `count` JPEGs spread evenly over the video; needs a container that says its length."""
        if not info.duration_s:
            return []
        found = [
            await self._frame(path, info, at_s=info.duration_s * (number + 0.5) / count) for number in range(count)
        ]
        return [frame for frame in found if frame]

    async def web_copy(self, path: Path, info: MediaInfo, target: Path, *, max_duration_s: float) -> bool:
        """Writes H.264 and AAC in MP4, at most 720 lines, to `target`; False where it can't be made."""
        if not _decodable(info):
            return False
        with self._sandbox.private_directory() as room:
            out = room / "copy.mp4"
            held = ffmpeg.source(path, codecs=f"{ffmpeg.AUDIO_CODECS},{ffmpeg.VIDEO_CODECS}")
            tracks = [held["v:0"].filter("scale", w=-2, h=f"min({_COPY_HEIGHT},trunc(ih/2)*2)")]
            if info.audio:
                tracks.append(held["a:0"])
            stream = ffmpeg.output(
                tracks,
                out,
                format="mp4",
                t=max_duration_s,
                vcodec="libx264",
                preset="veryfast",
                crf=27,
                pix_fmt="yuv420p",
                acodec="aac",
                ac=1,
                movflags="+faststart",
            )
            outcome = await self._sandbox.run(ffmpeg.command(self._binary, stream), _COPY, directory=room)
            if outcome.exit_code != 0 or not out.is_file() or not out.stat().st_size:
                return False
            target.write_bytes(out.read_bytes())
        return True

    async def _frame(self, path: Path, info: MediaInfo, *, at_s: float) -> bytes | None:
        if not _decodable(info):
            return None
        with self._sandbox.private_directory() as room:
            out = room / "frame.jpg"
            held = ffmpeg.source(path, codecs=ffmpeg.VIDEO_CODECS, ss=round(at_s, 2), an=None)
            scaled = held["v:0"].filter("scale", w=f"min({_FRAME_WIDTH},iw)", h=-2)
            stream = ffmpeg.output([scaled], out, format="image2", vframes=1, update=1, vcodec="mjpeg", **{"q:v": 5})
            try:
                await self._sandbox.run(ffmpeg.command(self._binary, stream), _FRAME, directory=room)
            except FileNotFoundError as error:
                raise PermanentError("ffmpeg is missing", code="ffmpeg-missing") from error
            return out.read_bytes() if out.is_file() and out.stat().st_size else None


def _decodable(info: MediaInfo) -> bool:
    return bool(info.video) and 0 < info.video[0].width * info.video[0].height <= MAX_PIXELS
