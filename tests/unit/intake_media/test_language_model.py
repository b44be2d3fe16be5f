"""The character model prefers what it was counted on, and survives a file."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from intake_media.adapters import language_model_file
from intake_media.domain.choice import Weights, choose
from intake_media.domain.language_model import CharacterModel, sentences, spoken_characters
from intake_media.domain.reading import Hypothesis
from shared.errors import PermanentError

TEXTS = ["建议开办爱心食堂，让老人吃上热饭。", "社区应当开办老年食堂。", "学校门口没有红绿灯，孩子过马路很危险。"] * 3


@pytest.fixture
def model() -> CharacterModel:
    return CharacterModel.count(TEXTS)


def test_only_what_is_heard_is_counted() -> None:
    assert spoken_characters("１２路 Bus，太挤！") == "12路bus太挤"
    assert sentences("太挤了！增加车次。\n，\n") == ["太挤了", "增加车次"]


def test_probabilities_of_all_next_characters_sum_to_one(model: CharacterModel) -> None:
    before = "建议开"
    known = math.exp(model.log_probability([before])[0][0])
    following = [before + character for character in model.alphabet]
    total = sum(math.exp(log) for log, _ in model.log_probability(following)) / known
    unseen = math.exp(model.log_probability([before + "鑫"])[0][0]) / known
    boundary = 1.0 - total - unseen
    assert 0.0 <= boundary < 0.2, "what is left belongs to the end of the sentence"


def test_scores_do_not_depend_on_the_company_of_other_texts(model: CharacterModel) -> None:
    alone = model.log_probability(["开办食堂"])[0]
    together = model.log_probability(["红绿灯", "开办食堂", "", "鑫"])
    assert together[1] == pytest.approx(alone)
    assert together[2] == (0.0, 0)


def test_the_models_word_wins_over_a_sound_alike(model: CharacterModel) -> None:
    heard = [Hypothesis("建议开半爱心食堂", 9, -0.20), Hypothesis("建议开办爱心食堂", 9, -0.26)]
    assert choose(heard, model).hypothesis.text == "建议开办爱心食堂"
    assert choose(heard, None).rank == 0


def test_the_favourite_stands_where_the_gain_is_not_clear(model: CharacterModel) -> None:
    heard = [Hypothesis("建议开半爱心食堂", 9, -0.20), Hypothesis("建议开办爱心食堂", 9, -0.26)]
    assert choose(heard, model, Weights(clear_gain=50.0, strange_gain=50.0)).rank == 0


def test_a_subject_that_is_strange_to_the_model_needs_a_clearer_gain(model: CharacterModel) -> None:
    heard = [Hypothesis("量子鑫淼彩虹", 6, -0.2), Hypothesis("量子鑫淼食堂", 6, -0.5)]
    gains = Weights(clear_gain=0.0, strange_gain=50.0, strange_surprise=3.0)
    assert choose(heard, model, gains).rank == 0
    assert choose(heard, model, Weights(clear_gain=0.0, strange_gain=0.0)).rank == 1


def test_no_clause_is_dropped_because_it_reads_oddly(model: CharacterModel) -> None:
    heard = [
        Hypothesis("鑫淼彩虹水建议开半爱心食堂", 12, -0.2),
        Hypothesis("建议开办爱心食堂", 8, -0.31),
        Hypothesis("鑫淼彩虹水建议开办爱心食堂", 12, -0.25),
    ]
    assert choose(heard, model, Weights(strange_gain=1.0)).rank == 2
    assert choose(heard, model, Weights(most_left_out=99)).rank == 1


def test_a_saved_model_scores_as_before_and_holds_no_pickle(model: CharacterModel, tmp_path: Path) -> None:
    path = tmp_path / "models" / "language.npz"
    language_model_file.save(model, path)
    assert language_model_file.load(path).log_probability(TEXTS) == model.log_probability(TEXTS)
    with np.load(path, allow_pickle=False) as held:
        assert all(held[name].dtype != object for name in held.files)
    assert [other.name for other in path.parent.iterdir()] == ["language.npz"]


@pytest.mark.parametrize("contents", [b"", b"no model", b"PK\3\4broken"])
def test_a_broken_model_file_is_named_and_says_what_to_do(tmp_path: Path, contents: bytes) -> None:
    path = tmp_path / "language.npz"
    path.write_bytes(contents)
    with pytest.raises(PermanentError, match="pack train") as raised:
        language_model_file.load(path)
    assert raised.value.code == "language-model-broken"


def test_a_model_of_another_version_is_refused() -> None:
    arrays = CharacterModel.count(["一"]).arrays() | {"format": np.frombuffer(b"other", np.uint8)}
    with pytest.raises(ValueError, match="version"):
        CharacterModel.from_arrays(arrays)
