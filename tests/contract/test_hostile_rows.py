"""The table of hostile uploads says the truth about its tests."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.hostile.rows import ROWS

ROOT = Path(__file__).parents[2]
REPORT = (ROOT / "tests/hostile/README.md").read_text(encoding="utf-8")


def test_no_row_of_the_media_adapter_is_left_out() -> None:
    assert sorted(ROWS) == list(range(38, 50))


@pytest.mark.parametrize("number", sorted(ROWS))
def test_each_row_is_in_the_report_and_each_of_its_tests_exists(number: int) -> None:
    row = ROWS[number]
    line = next(line for line in REPORT.splitlines() if line.startswith(f"| {number} | "))
    assert row.comes in line
    assert row.tests
    for test in row.tests:
        assert f"`{test}`" in line
        path, _, name = test.partition("::")
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        assert name in {one.name for one in tree.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_the_last_run_found_nothing_wrong_among_at_least_sixty_files() -> None:
    files = [line for line in REPORT.split("## The files")[1].splitlines() if line.count(" | ") >= 6]
    assert len(files) >= 60 + 1
