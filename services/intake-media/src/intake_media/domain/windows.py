"""How a recording is cut for the engine: short windows for short notes, chunks at silences for long ones."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from intake_media.domain.reading import Span

FULL_WINDOW_S = 30
"""What Whisper was trained on; the retry when a text looks wrong."""

# Window in seconds → longest sound that it may hold. Whisper invents where the sound fills its window, and two
# seconds of padding are not enough below 12 s (measured: transcription tables, "how short may the window be").
_WINDOWS = ((12, 9.7), (15, 12.6), (20, 17.5), (25, 22.5), (FULL_WINDOW_S, 30.0))

# With the retry as good at narrow beams (beam 5, clips plain, with noise, slower and faster: 230 of 2,210 characters
# wrong instead of 243, no sentence twice); at beam 10, which errs less, they cost a twentieth. In windows
# of 8 s and less a sentence was begun anew now and then.
_TIGHT_WINDOWS = ((9, 7.6), (10, 8.6), (12, 10.5), *_WINDOWS[1:])

LONGEST_CHUNK_S = 22.0
_CHUNK_WANTED_S = 8.0
_PAUSE_TO_CUT_S = 0.55
_PAUSE_ALWAYS_CUT_S = 0.9
_MARGIN_S = 0.3
_NEAR_S = 0.8
"""A pause so near to a moment is taken for it."""


@dataclass(frozen=True)
class Chunk:
    """One stretch for the engine, and the speech in it; times from the start of the recording."""

    span: Span
    speech: tuple[Span, ...]

    @property
    def speech_s(self) -> float:
        """Seconds of speech, pauses aside."""
        return sum(span.length_s for span in self.speech)


def window_s(length_s: float, *, tight: bool = False) -> int:
    """The window, in whole seconds, for sound of this length (at most 30 s); `tight` where speed counts more."""
    windows = _TIGHT_WINDOWS if tight else _WINDOWS
    return next(window for window, longest in windows if length_s <= longest or window == FULL_WINDOW_S)


def chunks(duration_s: float, speech: Sequence[Span]) -> list[Chunk]:
    """Joins neighbouring speech into chunks of about 8–22 s, cut in pauses; a short note stays whole."""
    if not speech:
        return []
    if duration_s <= _WINDOWS[0][1]:
        return [Chunk(Span(0.0, duration_s), tuple(speech))]
    groups: list[list[Span]] = [[speech[0]]]
    for span in speech[1:]:
        group = groups[-1]
        pause = span.start_s - group[-1].end_s
        length = group[-1].end_s - group[0].start_s
        too_long = span.end_s - group[0].start_s > LONGEST_CHUNK_S
        good_place = length >= _CHUNK_WANTED_S and pause >= _PAUSE_TO_CUT_S
        if too_long or good_place or pause >= _PAUSE_ALWAYS_CUT_S:
            groups.append([span])
        else:
            group.append(span)
    return [_with_margin(groups, at, duration_s) for at in range(len(groups))]


def _with_margin(groups: list[list[Span]], at: int, duration_s: float) -> Chunk:
    """A margin on both sides, at most half of the pause, so that no sound is heard twice."""
    group = groups[at]
    before = groups[at - 1][-1].end_s if at else 0.0
    after = groups[at + 1][0].start_s if at + 1 < len(groups) else duration_s
    start = max(group[0].start_s - _MARGIN_S, (before + group[0].start_s) / 2 if at else 0.0)
    end = min(group[-1].end_s + _MARGIN_S, (after + group[-1].end_s) / 2 if at + 1 < len(groups) else duration_s)
    return Chunk(Span(max(0.0, start), end), tuple(group))


def parted(chunk: Chunk, at_s: float | None = None) -> tuple[Chunk, ...]:
    """The chunk in two: cut in its longest pause, or in the one next to `at_s`, or right there where none is near.

    Empty where there is no place to cut.
    """
    speech, pauses = chunk.speech, list(itertools.pairwise(chunk.speech))
    if at_s is not None:
        near = [pause for pause in pauses if pause[0].end_s - _NEAR_S <= at_s <= pause[1].start_s + _NEAR_S]
        if not near and speech[0].start_s + _NEAR_S < at_s < speech[-1].end_s - _NEAR_S:
            speech = tuple(part for span in speech for part in _split(span, at_s))
            near = [(before, after) for before, after in itertools.pairwise(speech) if before.end_s == at_s]
        pauses = near
    if not pauses:
        return ()
    before, after = max(pauses, key=lambda pause: pause[1].start_s - pause[0].end_s)
    cut = speech.index(after)
    margin = min(_MARGIN_S, (after.start_s - before.end_s) / 2)
    return (
        Chunk(Span(chunk.span.start_s, before.end_s + margin), speech[:cut]),
        Chunk(Span(after.start_s - margin, chunk.span.end_s), speech[cut:]),
    )


def _split(span: Span, at_s: float) -> list[Span]:
    return [Span(span.start_s, at_s), Span(at_s, span.end_s)] if span.start_s < at_s < span.end_s else [span]
