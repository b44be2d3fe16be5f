"""Figures by hand, files as they come, and the tools' exit codes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from router import evaluation, training
from router.adapters.labelled_rows import RowsError, labelled, read, stream
from router.domain.figures import Answer, pairwise, routing_figures
from tests.support.clock import FrozenClock
from tests.support.letters import characters, rows
from tests.support.pack import PACK, linghe


def lines(path: Path, found: list[dict[str, Any]]) -> Path:
    path.write_text("\n".join(json.dumps(one, ensure_ascii=False) for one in found), "utf-8")
    return path


@pytest.fixture
def letters(tmp_path: Path) -> Path:
    """The made-up letters as a file of labelled rows."""
    return lines(
        tmp_path / "letters.jsonl",
        [{"id": n, "text": r.text, "subject": r.subject, "category": r.class_id} for n, r in enumerate(rows())],
    )


def test_pairs_are_counted_as_by_hand() -> None:
    # Real pairs: ab, ac, bc, de. Claimed: ab, cd, ce, de.
    assert pairwise("xxxyy", "11222") == {"precision": 0.5, "recall": 0.5, "f1": 0.5}


def test_all_apart_recalls_nothing() -> None:
    assert pairwise("xx", "12") == {"precision": 1.0, "recall": 0.0, "f1": 0.0}


def test_macro_f1_counts_each_class_alike() -> None:
    answers = [Answer("a", "a", 0.9, True)] * 8 + [Answer("b", "a", 0.6, False)] * 2
    figures = routing_figures(answers, 0.95)
    assert figures["accuracy"] == 0.8
    assert figures["macro_f1"] == pytest.approx(0.4444, abs=1e-4)
    assert figures["coverage_at_95"] == 0.8
    assert figures["automatic"] == {"coverage": 0.8, "precision": 1.0}
    assert figures["confusion"] == {"a": {"a": 8}, "b": {"a": 2}}


def test_the_same_file_is_answered_fold_by_fold(letters: Path) -> None:
    figures = evaluation.evaluate_routing(letters, letters, characters)
    assert "out of fold" in figures["method"]
    assert figures["n"] == len(rows())
    assert figures["macro_f1"] > 0.8


def test_another_file_is_answered_by_a_model_of_the_first(letters: Path, tmp_path: Path) -> None:
    other = lines(tmp_path / "other.jsonl", [{"id": "1", "text": "医院的医生太少，挂号难", "category": "health"}])
    figures = evaluation.evaluate_routing(letters, other, characters)
    assert "trained on" in figures["method"]
    assert (figures["n"], figures["accuracy"]) == (1, 1.0)


def test_issues_are_streamed_in_the_order_of_time_and_reported(tmp_path: Path) -> None:
    subjects = ("翠湖新城搅拌站噪音扰民", "翠湖新城的搅拌站灰尘大噪音大", "图书馆周末应当开放", "冬天暖气不热")
    data = lines(
        tmp_path / "messages.jsonl",
        [
            {"id": str(n), "subject": s, "text": s, "submitted_at": f"2026/3/{20 - n} 9:05:00", "likes": n}
            | {"issue": "plant" if n < 2 else f"other{n}"}
            for n, s in enumerate(subjects)
        ],
    )
    report = tmp_path / "hot.txt"
    figures = evaluation.evaluate_issues(data, report)
    assert (figures["precision"], figures["recall"], figures["f1"]) == (1.0, 1.0, 1.0)
    assert report.read_text("utf-8").count("翠湖新城") == 3


def test_times_without_a_zone_are_shanghais(tmp_path: Path) -> None:
    row = {"id": 7, "text": "路灯", "submitted_at": "2019/3/11 15:00:39"}
    (found,) = read(lines(tmp_path / "a.jsonl", [row]))
    assert found.submitted_at == datetime(2019, 3, 11, 7, 0, 39, tzinfo=UTC)
    assert found.id == "7"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "line 1"),
        ('{"id": "1"}', "line 1: text"),
        ("", "no rows"),
        ('{"id":"1","text":"x","submitted_at":"soon"}', "line 1"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_its_line(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(content, "utf-8")
    with pytest.raises(RowsError, match=f"bad.jsonl: .*{says}"):
        read(path)


def test_rows_without_what_is_measured_are_refused(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", [{"id": "1", "text": "路灯"}])
    with pytest.raises(RowsError, match="category"):
        labelled(path, str)
    with pytest.raises(RowsError, match="submitted_at"):
        stream(path, str)


def test_an_id_that_occurs_twice_is_refused(tmp_path: Path) -> None:
    row = {"id": "1", "text": "路灯", "submitted_at": "2026-03-01 00:00:00"}
    with pytest.raises(RowsError, match="twice"):
        stream(lines(tmp_path / "a.jsonl", [row, row]), str)


def test_a_named_problem_ends_with_one_and_json_alone_on_stdout(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluation.main(["issues", "--data", str(tmp_path / "none.jsonl"), "--json"]) == 1
    assert "none.jsonl" in json.loads(capsys.readouterr().out)["problem"]


def test_wrong_usage_ends_with_two() -> None:
    with pytest.raises(SystemExit) as ended:
        evaluation.main(["routing"])
    assert ended.value.code == 2


def test_the_pack_passes_its_own_examples_and_its_model_says_where_it_comes_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "model"
    clock = FrozenClock(datetime(2026, 11, 24, 8, tzinfo=UTC))
    code = training.main(["--pack", str(PACK), "--out", str(out), "--json"], embed=characters, clock=clock)
    report = json.loads(capsys.readouterr().out)
    assert (code, report["ok"]) == (0, True)
    card = json.loads((out / "card.json").read_text("utf-8"))
    assert card["data"]["pack"] == linghe().version
    assert card["made_at"].startswith("2026-11-24")
    assert card["version"] == report["version"]


def test_testing_a_pack_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "model"
    assert training.main(["--pack", str(PACK), "--out", str(out), "--test", "--json"], embed=characters) == 0
    assert not out.exists()
    assert json.loads(capsys.readouterr().out)["own_examples_right"] >= training.OWN_EXAMPLES
