"""The text model: confidence that holds, words that count, files that hold data only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from router.adapters.classifier import TrainedClassifier
from router.adapters.model_store import ModelError, load, save
from router.domain.calibration import NEVER, Calibration, coverage_at, threshold_at
from router.domain.features import MEANING_CHARS, Floats, Texts
from router.domain.text_model import Row, TextModel
from router.domain.wording import compact, matter, subject_of
from tests.support.letters import TOPICS, characters, rows


@pytest.fixture(scope="module")
def model() -> TextModel:
    return TextModel.train(rows(), characters, TOPICS)


def test_a_plain_letter_gets_its_field_and_the_confidences_sum_to_one(model: TextModel) -> None:
    found = model.predict(None, "医院挂号要等三个小时，医生太少。", characters)
    assert found[0].class_id == "health"
    assert sum(p.confidence for p in found) == pytest.approx(1, abs=1e-6)
    assert [p.confidence for p in found] == sorted((p.confidence for p in found), reverse=True)


def test_two_runs_give_the_same_bits(model: TextModel) -> None:
    again = TextModel.train(rows(), characters, TOPICS)
    for row in rows()[::7]:
        assert model.predict(row.subject, row.text, characters) == again.predict(row.subject, row.text, characters)


def test_the_meaning_is_asked_for_only_where_the_words_leave_a_doubt(model: TextModel) -> None:
    asked: list[str] = []

    def counting(texts: Sequence[str]) -> Floats:
        asked.extend(texts)
        return characters(texts)

    model.predict("关于医院", "医院和医生的事情，挂号难。", counting)
    assert asked == []
    model.predict(None, "春天来了花开了。", counting)
    assert len(asked) == 1


def test_a_text_of_nothing_known_is_answered_with_little_confidence(model: TextModel) -> None:
    sure = model.predict(None, "医院挂号要等三个小时，医生太少。", characters)[0].confidence
    assert model.predict(None, "……", characters)[0].confidence < sure


def test_the_words_that_counted_are_those_of_the_text() -> None:
    classifier = TrainedClassifier(TextModel.train(rows(), characters, TOPICS), "v", characters)
    words = classifier.words("我们小区门口的公交末班车太早，司机也不等人。", "transport")
    assert {"公交", "末班车"} <= {word for word, _ in words[:4]}
    assert all(weight > 0 for _, weight in words)
    assert classifier.words("公交", "no-such-class") == []


def test_a_saved_model_answers_like_the_one_that_was_saved(model: TextModel, tmp_path: Path) -> None:
    version = save(model, tmp_path / "model", {"data": "letters"})
    assert save(model, tmp_path / "model", {"data": "letters"}) == version
    loaded, card = load(tmp_path / "model")
    assert card == {"version": version, "data": "letters"}
    for row in rows()[::5]:
        assert loaded.predict(row.subject, row.text, characters) == model.predict(row.subject, row.text, characters)


def test_a_model_that_was_tampered_with_is_refused(model: TextModel, tmp_path: Path) -> None:
    save(model, tmp_path / "model", {})
    words = tmp_path / "model" / "model.json"
    words.write_text(words.read_text("utf-8").replace("transport", "transporx"), "utf-8")
    with pytest.raises(ModelError, match=r"not those that card\.json describes"):
        load(tmp_path / "model")


def test_arrays_that_would_run_code_are_refused(model: TextModel, tmp_path: Path) -> None:
    save(model, tmp_path / "model", {})
    np.savez(tmp_path / "model" / "model.npz", centre=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ModelError):
        load(tmp_path / "model")


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nowhere"):
        load(tmp_path / "nowhere")


def test_the_card_is_readable(model: TextModel, tmp_path: Path) -> None:
    save(model, tmp_path / "model", {"figures": {"macro_f1": 0.9}})
    assert json.loads((tmp_path / "model" / "card.json").read_text("utf-8"))["figures"] == {"macro_f1": 0.9}


def test_one_class_is_no_choice() -> None:
    with pytest.raises(ValueError, match="two classes"):
        TextModel.train([Row("a", "公交"), Row("a", "站牌")], characters, TOPICS)


def test_a_class_with_one_example_cannot_be_held_out() -> None:
    with pytest.raises(ValueError, match="two examples"):
        TextModel.train([*rows(), Row("rare", "极少见的事")], characters, TOPICS)


def test_confidence_never_falls_as_the_margin_widens() -> None:
    margins = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    upside_down = Calibration.fit(margins, np.array([True, True, True, False, False, False]))
    assert np.all(np.diff(upside_down(margins)) >= 0)


def test_without_a_single_mistake_confidence_stays_below_one() -> None:
    assert Calibration.fit(np.array([1.0, 2.0, 3.0]), np.array([True, True, True]))(np.array([9.0]))[0] < 1


def test_a_threshold_that_no_confidence_earns_is_never_reached() -> None:
    assert threshold_at(np.array([0.9, 0.8, 0.7]), np.array([False, False, True]), 0.95) == NEVER


def test_the_threshold_allows_for_one_mistake_more_than_was_seen() -> None:
    confidences = np.linspace(1, 0.5, 40)
    right = np.array([True] * 30 + [False] * 10)
    kept = confidences >= threshold_at(confidences, right, 0.95)
    assert kept.sum() == 30
    assert (right[kept].sum() - 1) / kept.sum() >= 0.95


def test_coverage_counts_equal_confidences_together() -> None:
    assert coverage_at(np.array([0.9, 0.9, 0.9, 0.1]), np.array([True, True, False, True]), 0.95) == 0.0
    assert coverage_at(np.array([0.9, 0.8, 0.7, 0.1]), np.array([True, True, True, False]), 0.95) == 0.75


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("您好，我想反映一下早市占道的事，天天堵车。", "您好，我想反映一下早市占道的事"),
        ("路灯坏了", "路灯坏了"),
        ("", ""),
    ],
)
def test_a_text_without_subject_lends_its_first_clauses(text: str, subject: str) -> None:
    assert subject_of(text) == subject


def test_masked_areas_blanks_and_numbers_leave_no_trace() -> None:
    assert compact("L9县 黄甲街18号") == "黄甲街0号"


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("尊敬的领导：您好！路灯坏了，请尽快解决，谢谢！", "路灯坏了"),
        ("能不能派人清一清？L9县 水渠堵了。", "派人清一清？水渠堵了"),
        ("请问", ""),
    ],
)
def test_what_a_text_is_about_is_what_courtesy_leaves(text: str, about: str) -> None:
    assert matter(text) == about


def test_what_is_embedded_is_short_and_never_empty() -> None:
    assert Texts.of([None, "请问", None], ["您好，请问！", "谢谢", "水渠堵了。" * 90]).meanings == [
        compact("。您好，请问！"),
        compact("请问。谢谢"),
        ("水渠堵了。" * 90)[:MEANING_CHARS],
    ]


def test_words_of_courtesy_explain_nothing() -> None:
    classifier = TrainedClassifier(TextModel.train(rows(), characters, TOPICS), "v", characters)
    found = classifier.words("能不能请公交公司把末班车推迟？谢谢领导。", "transport")
    assert found
    assert not {"不能", "能不能", "谢谢", "领导"} & {word for word, _ in found}
