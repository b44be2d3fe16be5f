"""Commas stand where the speaker paused, and nowhere inside a word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake_media.domain.language_model import spoken_characters
from intake_media.domain.pauses import carried, settled, with_pauses
from intake_media.domain.reading import Span

TEXT = "路口的灯坏了请来修一修"
SPEECH = [Span(0.0, 2.0), Span(2.5, 4.5)]


def starts(first: int, *, early_s: float = 0.0) -> list[float]:
    """Six characters before the pause, five after it; the decoder looks for the first of those `early_s` too soon."""
    times = [0.2 * at for at in range(first)] + [2.55 + 0.3 * at for at in range(len(TEXT) - first)]
    times[first] -= early_s
    return times


@pytest.mark.parametrize("early_s", [0.0, 0.3, 0.5, 0.8])
def test_a_comma_stands_where_the_speaker_paused(early_s: float) -> None:
    times = settled(starts(6, early_s=early_s), SPEECH)
    assert with_pauses(TEXT, times, SPEECH) == "路口的灯坏了，请来修一修"
    assert times[6] == (2.55 if early_s == 0.0 else 2.5)
    assert list(times) == sorted(times)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("路口的灯坏了，请来修一修", 6),
        ("路口的灯坏了。请来修一修", 6),
        ("路口的灯坏了请来修一修", 2),
        ("路口的灯坏了请来修一修", 9),
        ("路口的灯坏A请来修一修", 6),
        ("路口的，灯坏了请来修一修", 5),
    ],
    ids=["a comma is there", "a full stop is there", "too early", "too late", "beside Latin", "a short clause"],
)
def test_no_comma_is_added_where_it_parts_no_clauses(text: str, first: int) -> None:
    assert len(spoken_characters(text)) == len(TEXT)
    assert with_pauses(text, starts(first), SPEECH) == text


def test_without_times_or_pauses_the_text_stays() -> None:
    assert with_pauses(TEXT, (), SPEECH) == TEXT
    assert with_pauses(TEXT, starts(6), [Span(0.0, 4.5)]) == TEXT
    assert with_pauses(TEXT, starts(6), [Span(0.0, 2.0), Span(2.04, 4.5)]) == TEXT


def test_times_are_carried_over_to_the_text_that_was_chosen() -> None:
    timed, times = "建议开半爱心食堂", [float(at) for at in range(8)]
    assert carried(times, timed, "建议，开办爱心食堂。") == tuple(times)
    assert carried(times, timed, "建议开办了爱心食堂") == (0, 1, 2, 3, 3.5, 4, 5, 6, 7)
    assert carried(times, timed, "建议爱心食堂") == (0, 1, 4, 5, 6, 7)
    assert carried(times, timed, "") == ()
    assert carried(times[:-1], timed, timed) == ()
    assert carried((), "", "路灯") == ()


@given(
    st.text("路灯坏了请修，。 a1", max_size=20),
    st.text("路灯坏了请修，。 a1", max_size=20),
    st.lists(st.floats(0, 9), min_size=20, max_size=20),
)
def test_whatever_was_chosen_every_character_has_its_time_in_order(timed: str, text: str, given_: list[float]) -> None:
    times = sorted(given_)[: len(spoken_characters(timed))]
    found = settled(carried(times, timed, text), SPEECH)
    assert len(found) in (0, len(spoken_characters(text)))
    assert list(found) == sorted(found)
    assert spoken_characters(with_pauses(text, found, SPEECH)) == spoken_characters(text)
