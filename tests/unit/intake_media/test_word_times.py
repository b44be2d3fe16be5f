"""When characters are said, and whether they cover the speech."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake_media.adapters.token_times import character_starts, token_bytes
from intake_media.adapters.vocabulary import byte_alphabet
from intake_media.domain.coverage import Unheard, unheard
from intake_media.domain.reading import Span

TOKENS = ["路灯".encode(), "坏".encode()[:2], "坏".encode()[2:], "，".encode(), "修一修".encode()]


def test_a_character_begins_where_its_token_does_and_shares_it_with_its_neighbours() -> None:
    alignments = [(0, 10), (0, 11), (0, 29), (1, 30), (2, 40), (3, 50), (3, 59), (4, 60), (4, 70), (5, 90)]
    assert character_starts(alignments, TOKENS) == (0.2, 0.4, 0.6, 1.2, 1.2, 1.2)


def test_a_token_nothing_was_aligned_to_begins_at_the_end() -> None:
    assert character_starts([(0, 5), (0, 20)], ["路".encode(), "灯".encode()]) == (0.1, 0.4)
    assert character_starts([], []) == ()


@given(st.text(min_size=1, max_size=20), st.data())
def test_characters_begin_in_order_whatever_the_tokens_cut(text: str, data: st.DataObject) -> None:
    raw = text.encode("utf-8", "replace")
    cuts = sorted(data.draw(st.sets(st.integers(1, max(1, len(raw) - 1)))))
    tokens = [raw[start:end] for start, end in zip([0, *cuts], [*cuts, len(raw)], strict=True) if start < end]
    found = character_starts([(at, 7 * at) for at in range(len(tokens))], tokens)
    assert list(found) == sorted(found)
    assert len(found) <= len(text)


@given(st.binary(max_size=30))
def test_a_token_writes_the_bytes_it_stands_for(raw: bytes) -> None:
    names = {byte: name for name, byte in byte_alphabet().items()}
    assert token_bytes("".join(names[byte] for byte in raw)) == raw


SPEECH = [Span(1.0, 4.0), Span(4.5, 8.0)]


@pytest.mark.parametrize(
    ("starts", "expected"),
    [
        ([1.0 + 0.3 * at for at in range(24)], None),
        ([1.0 + 0.3 * at for at in range(10)], Unheard(4.05, 3.5)),
        ([1.0, 1.3, 4.5, 4.8, 5.1, 5.4, 6.0, 6.6, 7.2, 7.8], Unheard(1.65, 2.35)),
        ([5.0 + 0.3 * at for at in range(10)], None),
        ([], None),
    ],
    ids=["all", "the end is missing", "the middle is missing", "the first word takes what was before", "not asked"],
)
def test_speech_without_words_is_found_where_the_words_stop(starts: list[float], expected: Unheard | None) -> None:
    found = unheard(starts, SPEECH)
    assert found == (None if expected is None else pytest.approx(expected))
