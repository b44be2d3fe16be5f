"""The crash points: every name is reached by code, no code reaches a name that nobody knows, and each is met by a
campaign or by a test of its own."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest

from shared.crash_points import NAMES
from tests.chaos.plan import CRASHES

ROOT = Path(__file__).parents[2]
SOURCES = [*(ROOT / "shared/src").rglob("*.py"), *(ROOT / "services").glob("*/src/**/*.py")]
CRASH_TESTS = [ROOT / "tests/chaos/test_crash_points.py", ROOT / "tests/connected/notifier/test_crash.py"]


def reached() -> dict[str, list[str]]:
    """Name → the files that reach it."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in SOURCES:
        for name in re.findall(r'crash_points\.reach\("(\w+)"\)', path.read_text(encoding="utf-8")):
            found[name].append(str(path.relative_to(ROOT)))
    return found


def test_the_names_are_those_that_code_reaches() -> None:
    assert set(reached()) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_each_point_is_met_by_a_campaign_or_by_a_test_of_its_own(name: str) -> None:
    planned = {point for points in CRASHES.values() for point in points}
    tested = {name for path in CRASH_TESTS for name in re.findall(r'"(\w+)"', path.read_text(encoding="utf-8"))}
    assert name in planned | tested


@pytest.mark.parametrize("path", [path for path in SOURCES if "crash_points.reach" in path.read_text(encoding="utf-8")])
def test_what_is_killed_before_a_write_is_killed_after_it_too(path: Path) -> None:
    """A pair around each: one without the other shows only half of what a power cut does."""
    names = re.findall(r'crash_points\.reach\("(\w+)"\)', path.read_text(encoding="utf-8"))
    alone = {"before_transcribe"}  # after it comes `before_outcome`, in another file
    for name in set(names) - alone:
        moment, what = name.split("_", 1)
        other = {"before": "after", "after": "before"}[moment]
        assert names.count(f"{other}_{what}") == names.count(name), name
