"""What waits at the same time runs together, in order of arrival and with its own kind only."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from intake_media.adapters.together import Together


def test_what_waits_behind_a_run_is_taken_two_by_two_of_a_kind() -> None:
    runs: list[list[int]] = []
    started, go = threading.Event(), threading.Event()

    def run(given: Sequence[int]) -> list[int]:
        runs.append(list(given))
        started.set()
        go.wait(10)
        return [10 * one for one in given]

    together = Together(run, workers=1, most=2)
    with ThreadPoolExecutor(6) as callers:
        answers = [callers.submit(together, "short", 1)]
        assert started.wait(10)
        for waiting, (kind, given) in enumerate([("short", 2), ("long", 3), ("short", 4), ("short", 5)], start=1):
            answers.append(callers.submit(together, kind, given))
            while together.waiting < waiting:
                pass
        go.set()
        assert [answer.result(10) for answer in answers] == [10, 20, 30, 40, 50]
    assert runs == [[1], [2, 4], [3], [5]]


def test_two_that_come_at_once_have_a_free_worker_each() -> None:
    both = threading.Barrier(2)

    def run(given: Sequence[int]) -> list[int]:
        both.wait(10)
        return list(given)

    together = Together(run, workers=2, most=4)
    with ThreadPoolExecutor(2) as callers:
        for _ in range(50):
            assert list(callers.map(together, "aa", (1, 2))) == [1, 2]


def test_a_fault_reaches_everybody_it_concerns_and_nobody_else() -> None:
    def run(given: Sequence[int]) -> list[int]:
        if 0 in given:
            raise ValueError("nought")
        return list(given)

    together = Together(run, workers=1, most=1)
    with pytest.raises(ValueError, match="nought"):
        together("kind", 0)
    assert together("kind", 7) == 7
