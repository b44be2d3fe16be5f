"""The table of failure modes says the truth about its tests."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = range(1, 38)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def table() -> dict[int, list[tuple[str, str]]]:
    """Row → the tests that show it: (file, name of a function or a state machine)."""
    text = (ROOT / "tests" / "chaos" / "README.md").read_text(encoding="utf-8")
    found = re.findall(r"^\| (\d+) \|(.*)$", text, re.MULTILINE)
    assert len(found) == len({number for number, _ in found}), "a row is there twice"
    return {int(number): TEST.findall(line) for number, line in found}


def says(path: str, name: str) -> str:
    """The docstring of a test."""
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == name:
            return ast.get_docstring(node) or ""
    raise AssertionError(f"{path} has no {name}")


def test_no_row_is_left_out() -> None:
    assert sorted(table()) == list(ROWS)


@pytest.mark.parametrize("row", ROWS)
def test_each_test_of_a_row_exists_and_names_it(row: int) -> None:
    shown = table()[row]
    assert shown, f"row {row} names no test"
    for path, name in shown:
        assert re.search(rf"\b[Rr]ows? .*\b{row}\b|\b[Rr]ow {row}\b", says(path, name)), f"{path}::{name}"
