"""The desk speaks Chinese throughout, and marks the words that counted."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import get_args

import router
from router.domain import case as cases
from router.routes import why, wording
from shared.contracts import suggestions
from shared.contracts.cases import Decision, Evidence, Method, Outcome
from shared.contracts.notices import Form
from shared.runtime import translations
from tests.support.casework import NOW, said

ROOM = Path(router.__file__).parent
CHINESE = translations.load(ROOM / "locales")["zh-CN"]


def test_every_message_of_the_templates_and_the_wording_has_its_chinese() -> None:
    used = {
        message
        for page in (ROOM / "templates").glob("*.html")
        for message in re.findall(r'_\("((?:[^"\\]|\\.)*)"', page.read_text("utf-8"))
    }
    for module in ("wording.py", "letter_wording.py"):
        for node in ast.walk(ast.parse((ROOM / "routes" / module).read_text("utf-8"))):
            if isinstance(node, ast.Dict):
                used |= {value.value for value in node.values if isinstance(value, ast.Constant)}
    assert len(used) > 120
    assert sorted(message for message in used if CHINESE.gettext(message) == message) == []


def test_every_error_that_people_may_see_has_its_chinese() -> None:
    found = set()
    for room in ("handlers", "domain", "routes"):
        for module in (ROOM / room).glob("*.py"):
            for node in ast.walk(ast.parse(module.read_text("utf-8"))):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Name)
                    and node.func.id in ("Forbidden", "InvalidInput", "NotFound", "Conflict", "PermanentError")
                    and node.args
                    and isinstance(node.args[0], ast.Constant)
                    and str(node.args[0].value)[0].isupper()
                ):
                    found.add(node.args[0].value)
    assert len(found) > 10
    assert sorted(message for message in found if CHINESE.gettext(message) == message) == []


def test_every_code_of_the_contracts_has_a_wording() -> None:
    for kinds, words in (
        (cases.State, wording.STATES),
        (cases.Action, wording.ACTIONS),
        (cases.Level, wording.LEVELS),
        (Method, wording.METHODS),
        (Outcome, wording.OUTCOMES),
        (Form, wording.FORMS),
        (suggestions.Channel, wording.CHANNELS),
        (suggestions.Identity, wording.IDENTITIES),
        (suggestions.Verdict, wording.VERDICTS),
    ):
        assert set(get_args(kinds)) <= set(words)


def _case(text: str, *evidence: Evidence) -> cases.Case:
    decision = Decision(method="rule", actor="router", evidence=list(evidence))
    return cases.Case(
        suggestion_id="s",
        number="LH-2026-000001",
        state="assigned",
        suggestion=said(text),
        opened_at=NOW,
        decision=decision,
    )


def test_overlapping_words_are_marked_to_their_last_character() -> None:
    case = _case(
        "小区要建电动车充电桩，人民路也要。",
        Evidence(kind="word", value="电动车充电"),
        Evidence(kind="word", value="充电桩"),
        Evidence(kind="place-road", value="人民路"),
        Evidence(kind="rule", value="charging"),
    )
    pieces = why.pieces(case)
    assert "".join(piece.text for piece in pieces) == case.text
    assert [(piece.text, piece.kind) for piece in pieces if piece.kind] == [
        ("电动车充电桩", "word"),
        ("人民路", "place"),
    ]


def test_a_text_without_evidence_is_one_piece() -> None:
    assert why.pieces(_case("没有什么")) == [why.Piece(text="没有什么")]


def test_evidence_is_gathered_by_kind_in_the_order_it_was_seen() -> None:
    decision = _case(
        "甲乙",
        Evidence(kind="rule", value="bus", weight=4.0),
        Evidence(kind="word", value="公交"),
        Evidence(kind="place-road", value="人民路"),
        Evidence(kind="place-town", value="清禾镇"),
    ).decision
    assert [(clue.kind, [value for value, _ in clue.values]) for clue in why.clues(decision)] == [
        ("rule", ["bus"]),
        ("word", ["公交"]),
        ("place", ["人民路", "清禾镇"]),
    ]


def test_an_alternatives_reason_reads_as_kinds_and_values() -> None:
    assert why.said("rule:bus；word:公交") == [("rule", "bus"), ("word", "公交")]
    assert why.said("fallback") == [("", "fallback")]
