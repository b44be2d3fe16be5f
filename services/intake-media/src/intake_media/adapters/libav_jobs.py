"""What a fork of the reading process does with one upload: say what is in it, or decode a track of its sound.

The upload is the open file 0; libav may use no protocol but "that file", so there is no name by which it could reach
another. Imported by `reader_child` alone: PyAV is in no process of ours that holds a secret.
"""

from __future__ import annotations

import json
import os
from typing import Any

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Discard, Disposition

from intake_media.adapters.libav_codes import DONE, FAILED, NO_DECODER, NOT_OPENED
from intake_media.adapters.libav_mono import MonoSink

# A title need not be UTF-8; from PyAV 19 on this goes without saying, and can't be said.
_TOLERANT: dict[str, Any] = {"metadata_errors": "ignore"} if int(av.__version__.split(".")[0]) < 19 else {}


def run(job: dict[str, Any]) -> int:
    """The exit code. `job`: {task, formats, codecs, for decoding also track, channel (or null), samples at most}."""
    # libav's own way to complain: to file 2, without Python, also when it is about to crash.
    av.logging.restore_default_callback()
    probing = job["task"] == "probe"
    av.logging.set_libav_level(av.logging.WARNING if probing else av.logging.ERROR)
    try:
        held = av.open(
            "fd:",
            container_options={
                "fd": "0",
                "protocol_whitelist": "fd",
                "format_whitelist": job["formats"],
                "codec_whitelist": job["codecs"],
            },
            **_TOLERANT,
        )
    except FFmpegError as error:
        _complain(error)
        return NOT_OPENED
    if probing:
        _write(json.dumps(_facts(held)).encode())
        return DONE
    return _decode(held, job)


def _facts(held: InputContainer) -> dict[str, Any]:
    """Only figures, and names out of libav's own tables."""
    return {
        "container": held.format.name.split(",")[0],
        "duration_s": None if held.duration is None else held.duration / av.time_base,
        "audio": [
            {"codec": one.codec.canonical_name, "rate_hz": one.codec_context.sample_rate, "channels": one.channels}
            if one.codec_context is not None
            else {"codec": "unknown", "rate_hz": 0, "channels": 0}
            for one in held.streams.audio
        ],
        "video": [
            {"codec": one.codec.canonical_name, "width": one.width, "height": one.height}
            if one.codec_context is not None
            else {"codec": "unknown", "width": 0, "height": 0}
            for one in held.streams.video
            if not one.disposition & Disposition.attached_pic
        ],
    }


def _decode(held: InputContainer, job: dict[str, Any]) -> int:
    """16-bit mono samples at 16 kHz to file 1, counted and not timed: a gap in the time stamps is no end."""
    stream = held.streams.audio[job["track"]]
    context = stream.codec_context
    if context is None or context.codec.name not in job["codecs"].split(","):
        return NO_DECODER
    context.options = {"codec_whitelist": job["codecs"]}
    context.thread_count = 1
    for other in held.streams:
        if other is not stream:
            other.discard = Discard.all
    sink, packets = MonoSink(job["channel"], job["samples"], _write), held.demux(stream)
    while not sink.full:
        try:
            packet = next(packets, None)
        except FFmpegError as error:
            _complain(error)
            break
        if packet is None:
            break
        try:
            frames = packet.decode()
        except FFmpegError as error:
            # What is broken is left out and told; the rest is still a recording.
            _complain(error)
            if not context.is_open:
                return FAILED
            continue
        for frame in frames:
            sink.take(frame)
    sink.end()
    sink.flush()
    return DONE


def _complain(error: FFmpegError) -> None:
    os.write(2, f"{type(error).__name__}: {error.strerror}\n".encode())


def _write(data: bytes | bytearray) -> None:
    with memoryview(data) as whole:
        at = 0
        while at < len(whole):
            at += os.write(1, whole[at:])
