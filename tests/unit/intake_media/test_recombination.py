"""Differences of hypotheses, put together anew."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from intake_media.domain.choice import choose
from intake_media.domain.language_model import CharacterModel, spoken_characters
from intake_media.domain.reading import Hypothesis
from intake_media.domain.recombination import combined

BEAM = [
    Hypothesis("小区的垃圾桶,建议还未部门每天清月两次。", 20, -0.20),
    Hypothesis("小区的垃圾桶,建议环卫部门每天清月两次。", 20, -0.24),
    Hypothesis("小区的垃圾桶,建议还未部门每天清运两次。", 20, -0.25),
]


def test_two_better_words_of_two_hypotheses_meet_in_a_third() -> None:
    found = combined(BEAM)
    assert [one.text for one in found] == ["小区的垃圾桶,建议环卫部门每天清运两次。"]
    assert found[0].score * found[0].tokens < BEAM[2].score * BEAM[2].tokens, "both differences cost something"


def test_the_model_may_choose_what_the_beam_did_not_write() -> None:
    model = CharacterModel.count(["建议环卫部门每天清运垃圾桶两次。", "环卫部门清运小区的垃圾。"] * 3)
    choice = choose(BEAM, model)
    assert choice.hypothesis.text == "小区的垃圾桶,建议环卫部门每天清运两次。"
    assert choice.rank >= len(BEAM)


def test_nothing_is_combined_where_differences_overlap_or_are_missing() -> None:
    assert combined(BEAM[:2]) == []
    same_place = [Hypothesis("请管一管", 4, -0.1), Hypothesis("清管一管", 4, -0.2), Hypothesis("情管一管", 4, -0.3)]
    assert combined(same_place) == []


@given(st.lists(st.text("早市占道经营车都开不过去,。 ", max_size=16), min_size=1, max_size=10))
def test_combining_never_fails_and_never_repeats_a_text(texts: list[str]) -> None:
    beam = [Hypothesis(text, max(1, len(text)), -0.1 * at) for at, text in enumerate(texts)]
    spoken = [spoken_characters(one.text) for one in combined(beam)]
    assert len(spoken) == len(set(spoken))
    assert not set(spoken) & {spoken_characters(text) for text in texts}
