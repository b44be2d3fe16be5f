"""The explanation on the command line: the service's own decision, in words and as JSON."""

from __future__ import annotations

import json

import pytest

from router import explain
from tests.support.casework import SIGNALS, VAGUE
from tests.support.pack import PACK


@pytest.fixture(autouse=True)
def _no_model(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("MINSHENG_STATE", str(tmp_path))
    monkeypatch.setenv("DISTRICT_PACK", str(PACK))


def test_it_names_unit_due_date_words_and_versions(capsys: pytest.CaptureFixture[str]) -> None:
    assert explain.main([SIGNALS]) == 0
    out = capsys.readouterr().out
    for piece in ("区交警大队", "红绿灯", "15个工作日", "rule", "pack 2026."):
        assert piece in out


@pytest.mark.parametrize(
    ("text", "piece"),
    [(VAGUE, "转人工 review: no-match"), ("测试", "R14"), ("我家楼下着火了，快来人！", "紧急 emergency: 119")],
)
def test_it_says_what_else_may_happen(capsys: pytest.CaptureFixture[str], text: str, piece: str) -> None:
    assert explain.main([text]) == 0
    assert piece in capsys.readouterr().out


def test_json_is_the_decision_alone_and_twice_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert explain.main([SIGNALS, "--json"]) == 0
    first = capsys.readouterr().out
    assert explain.main([SIGNALS, "--json"]) == 0
    assert capsys.readouterr().out == first
    assert json.loads(first)["outcome"]["unit"] == "jiaojing"


def test_a_hotlines_code_and_a_town_are_taken_into_account(capsys: pytest.CaptureFixture[str]) -> None:
    assert explain.main(["来电人建议增加班次。", "--source", "12345", "--code", "0101", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["method"] == "hotline-code"
    assert explain.main(["建议把村里的路修一修，村道坑坑洼洼。", "--town", "清禾镇", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["outcome"]["unit"] == "qinghe"


def test_a_pack_that_is_not_there_is_a_problem_named(capsys: pytest.CaptureFixture[str], tmp_path: object) -> None:
    assert explain.main([SIGNALS, "--pack", str(tmp_path)]) == 1
    assert "pack.yaml" in capsys.readouterr().err


def test_wrong_usage_is_answered_by_two() -> None:
    with pytest.raises(SystemExit) as wrong:
        explain.main(["--channel", "pigeon"])
    assert wrong.value.code == 2
