"""What libav may open of an upload, and the command lines of ffmpeg, which makes copies (built by ffmpeg-python)."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import ffmpeg
import imageio_ffmpeg

from shared.errors import PermanentError

FORMATS = "wav,mov,mp3,ogg,matroska,webm,flac,aac,amr,mpegts"
"""Demuxers that may open an upload. Playlists, text and images read other files or play for ever."""

AUDIO_CODECS = (
    "aac,aac_fixed,aac_latm,mp3,mp3float,mp2,mp2float,opus,libopus,vorbis,libvorbis,flac,alac,"
    "amrnb,amrwb,libopencore_amrnb,libopencore_amrwb,ac3,eac3,adpcm_ms,adpcm_ima_wav,gsm_ms,"
    "pcm_u8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,pcm_f64le,pcm_alaw,pcm_mulaw"
)
"""Decoders for the sound. Without this list ffmpeg decodes cover art too, although it is told to drop it."""

VIDEO_CODECS = "h264,hevc,vp8,libvpx,vp9,libvpx-vp9,av1,libdav1d,libaom-av1,mpeg4,h263,mjpeg,theora,mpeg2video"


CLEAN: dict[str, Any] = {
    "map_metadata": "-1",
    "map_chapters": "-1",
    "threads": 1,
    "fflags": "+bitexact",
    "flags:v": "+bitexact",
    "flags:a": "+bitexact",
}


def find() -> str:
    """Path of the ffmpeg to run: `FFMPEG_BINARY`, else the one of the wheel imageio-ffmpeg, else the system's."""
    given = os.environ.get("FFMPEG_BINARY")
    if given:
        path = shutil.which(given)
        if path is None:
            raise PermanentError(f"FFMPEG_BINARY names no program: {given}", code="ffmpeg-missing")
        return path
    # Statically linked it starts in a quarter of the time that a distribution's takes to bind its two hundred
    # libraries, and for a short note starting is nearly all there is to do.
    try:
        found = shutil.which(str(imageio_ffmpeg.get_ffmpeg_exe()))
    except RuntimeError:
        found = None
    if found is None:
        raise PermanentError("no ffmpeg found; name one by FFMPEG_BINARY", code="ffmpeg-missing")
    return found


def allowed(codecs: str) -> dict[str, str]:
    """The same lists for a job of the reading process."""
    return {"formats": FORMATS, "codecs": codecs}


def source(path: Path, *, codecs: str, **options: Any) -> Any:
    """An ffmpeg-python input of an upload, with every whitelist on. `path` is one of our own opaque names."""
    # "file:" keeps a name from being read as a protocol of its own.
    return ffmpeg.input(
        f"file:{path.resolve()}",
        protocol_whitelist="file,pipe",
        format_whitelist=FORMATS,
        codec_whitelist=codecs,
        **options,
    )


def output(streams: list[Any], path: Path, **options: Any) -> Any:
    """An ffmpeg-python output into one of our own files, without place, device, title and chapters of the upload."""
    return ffmpeg.output(*streams, f"file:{path}", **CLEAN, **options)


def command(binary: str, stream: Any, *, level: str = "error") -> list[str]:
    """The command line of an ffmpeg-python output: one thread, no questions, nothing kept of the metadata."""
    argv: list[str] = ffmpeg.compile(
        stream.global_args("-nostdin", "-hide_banner", "-v", level), cmd=binary, overwrite_output=True
    )
    return argv
