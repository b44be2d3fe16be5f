"""Where a recording is cut, and when its clauses were said."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from intake_media.domain.captions import web_vtt
from intake_media.domain.gate import Heard
from intake_media.domain.language_model import spoken_characters
from intake_media.domain.reading import Span
from intake_media.domain.segments import segments
from intake_media.domain.windows import FULL_WINDOW_S, LONGEST_CHUNK_S, Chunk, chunks, parted, window_s
from shared.contracts.suggestions import Segment


@st.composite
def speech(draw: st.DrawFn) -> list[Span]:
    spans, at = [], draw(st.floats(0, 5))
    for _ in range(draw(st.integers(1, 40))):
        end = at + draw(st.floats(0.2, LONGEST_CHUNK_S))
        spans.append(Span(at, end))
        at = end + draw(st.floats(0.3, 6))
    return spans


@given(st.floats(0.1, 30))
def test_a_window_leaves_a_margin_until_it_is_whisper_s_own(length: float) -> None:
    window = window_s(length)
    assert window == FULL_WINDOW_S or window >= length + 2
    tight = window_s(length, tight=True)
    assert tight <= window
    assert tight == FULL_WINDOW_S or tight >= length + 1.4


@given(speech())
def test_chunks_hold_all_speech_once_in_order_and_fit_the_engine(spans: list[Span]) -> None:
    duration = spans[-1].end_s + 1
    found = chunks(duration, spans)
    assert [span for chunk in found for span in chunk.speech] == spans
    for chunk in found:
        assert chunk.span.length_s <= FULL_WINDOW_S
        assert chunk.span.start_s <= chunk.speech[0].start_s + 1e-9
        assert chunk.span.end_s >= chunk.speech[-1].end_s - 1e-9
    for before, after in itertools.pairwise(found):
        assert before.span.end_s <= after.span.start_s + 1e-6


@given(speech())
def test_halves_hold_the_chunk_s_speech_once_in_order(spans: list[Span]) -> None:
    for chunk in chunks(spans[-1].end_s + 1, spans):
        parts = parted(chunk)
        assert bool(parts) == (len(chunk.speech) > 1)
        if not parts:
            continue
        left, right = parts
        assert left.speech + right.speech == chunk.speech
        assert left.speech
        assert right.speech
        assert (left.span.start_s, right.span.end_s) == (chunk.span.start_s, chunk.span.end_s)
        assert left.speech[-1].end_s <= left.span.end_s <= right.span.start_s + 1e-6
        assert right.span.start_s <= right.speech[0].start_s
        longest = max(after.start_s - before.end_s for before, after in itertools.pairwise(chunk.speech))
        assert right.speech[0].start_s - left.speech[-1].end_s == longest


def test_a_short_note_stays_whole_and_silence_has_no_chunk() -> None:
    assert [chunk.span for chunk in chunks(8.0, [Span(1, 3), Span(6, 7)])] == [Span(0.0, 8.0)]
    assert chunks(8.0, []) == []


def test_clauses_lie_in_the_speech_in_order_with_a_confidence() -> None:
    chunk = Chunk(Span(0, 9), (Span(0.5, 3.5), Span(5.0, 8.0)))
    text = "小学门口没有红绿灯 孩子过马路很危险 建议安装信号灯"
    heard = Heard(text, -0.2, 0.0, 6.0, alternatives=(text, text, "小学门口没有红绿灯 孩子过马路很危险 建议按装信号灯"))
    found = segments(heard, chunk)
    assert "".join(one.text for one in found) == text.replace(" ", "")
    assert found[0].start_s == 0.5
    assert found[-1].end_s == 8.0
    assert all(one.start_s < one.end_s for one in found)
    assert all(before.end_s <= after.start_s for before, after in itertools.pairwise(found))
    assert found[-1].confidence < found[0].confidence <= 1, "the beam disagreed about the last clause"


def test_clauses_begin_when_the_engine_says_so() -> None:
    chunk = Chunk(Span(0, 9), (Span(0.5, 8.0),))
    starts = (*(1.0 + 0.2 * at for at in range(9)), *(5.0 + 0.3 * at for at in range(9)))
    found = segments(Heard("小学门口没有红绿灯，孩子过马路真的危险。", -0.2, 0.0, 6.0, starts_s=starts), chunk)
    assert [(one.start_s, one.end_s) for one in found] == [(1.0, 3.1), (5.0, 7.9)]


@given(
    st.lists(st.floats(0, 9), min_size=40, max_size=40),
    st.integers(0, 2),
    st.text("路灯坏了请修，。 ab1", min_size=1, max_size=40),
)
@example([0.0] * 40, 1, "11111 1111")
def test_clauses_are_in_order_whatever_was_timed(starts: list[float], missing: int, text: str) -> None:
    chunk = Chunk(Span(0, 9), (Span(0.0, 9.0),))
    timed = sorted(starts)[: max(0, len(spoken_characters(text)) - missing)]
    found = segments(Heard(text, -0.2, 0.0, 6.0, starts_s=tuple(timed)), chunk)
    assert all(one.start_s <= one.end_s for one in found)
    assert all(before.end_s <= after.start_s + 0.011 for before, after in itertools.pairwise(found))


@given(speech(), st.data())
def test_a_chunk_is_parted_next_to_a_moment(spans: list[Span], data: st.DataObject) -> None:
    chunk = data.draw(st.sampled_from(chunks(spans[-1].end_s + 1, spans)))
    at_s = data.draw(st.floats(chunk.span.start_s - 1, chunk.span.end_s + 1))
    parts = parted(chunk, at_s)
    if parts:
        left, right = parts
        assert left.speech[-1].end_s - 0.81 <= at_s <= right.speech[0].start_s + 0.81
        assert left.speech_s + right.speech_s == pytest.approx(chunk.speech_s)
        assert left.span.end_s <= right.span.start_s + 1e-6
        assert left.span.length_s > 0 < right.span.length_s
    elif chunk.speech[0].start_s + 0.9 < at_s < chunk.speech[-1].end_s - 0.9:
        pytest.fail("inside the speech there is always a place")


def test_captions_carry_times_and_no_markup() -> None:
    shown = web_vtt(
        [
            Segment(start_s=0.5, end_s=3.25, text="太吵 --> <b>请管</b>", confidence=1),
            Segment(start_s=3661.2, end_s=3662, text="完", confidence=1),
        ]
    )
    assert shown.startswith("WEBVTT\n\n1\n00:00:00.500 --> 00:00:03.250\n")
    assert "太吵 --&gt; &lt;b&gt;请管&lt;/b&gt;" in shown
    assert "01:01:01.200 --> 01:01:02.000" in shown


def test_captions_that_touch_are_never_shown_together() -> None:
    shown = web_vtt(
        [
            Segment(start_s=0, end_s=3.59, text="一", confidence=1),
            Segment(start_s=3.59, end_s=3.59, text="二", confidence=1),
            Segment(start_s=3.6, end_s=5, text="三", confidence=1),
        ]
    )
    assert "00:00:00.000 --> 00:00:03.589" in shown
    assert "00:00:03.590 --> 00:00:03.640" in shown
    assert "00:00:03.600 --> 00:00:05.000" in shown
