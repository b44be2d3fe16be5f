"""A transcript as WebVTT captions."""

from __future__ import annotations

from collections.abc import Sequence

from shared.contracts.suggestions import Segment


def web_vtt(segments: Sequence[Segment]) -> str:
    """A WebVTT file (UTF-8 text); markup and arrows in the text can't start a cue or a tag."""
    cues = ["WEBVTT", ""]
    for number, segment in enumerate(segments, start=1):
        end_s = max(segment.end_s, segment.start_s + 0.1)
        if number < len(segments) and segments[number].start_s <= end_s:
            # Two cues that touch are shown together for a moment, and in some browsers for good.
            end_s = max(segment.start_s + 0.05, segments[number].start_s - 0.001)
        text = " ".join(segment.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").split())
        cues += [
            str(number),
            f"{_time(segment.start_s)} --> {_time(end_s)}",
            text,
            "",
        ]
    return "\n".join(cues)


def _time(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
