"""Runs what waits at the same time together, where one run over two costs less than two runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Given = TypeVar("Given")
Found = TypeVar("Found")


@dataclass(eq=False)
class _Waiting(Generic[Given, Found]):
    kind: Hashable
    given: Given
    answer: Future[Found] = field(default_factory=Future)


class Together(Generic[Given, Found]):
    """`run` gets one to `most` of the same kind and answers each; `workers` runs go side by side.

    Nobody waits for company: a free worker takes its share of what is there, so a lone call is as quick as without
    this, and no worker is idle while another has two.
    """

    def __init__(self, run: Callable[[Sequence[Given]], Sequence[Found]], *, workers: int, most: int) -> None:
        self._run = run
        self._most = most
        self._free = workers
        self._waiting: list[_Waiting[Given, Found]] = []
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="together")

    @property
    def waiting(self) -> int:
        """How many wait for a free worker."""
        return len(self._waiting)

    def __call__(self, kind: Hashable, given: Given) -> Found:
        """The answer to `given`; raises what the run over it raised. Call from many threads."""
        mine: _Waiting[Given, Found] = _Waiting(kind, given)
        with self._lock:
            self._waiting.append(mine)
        self._pool.submit(self._serve)
        return mine.answer.result()

    def _serve(self) -> None:
        batch = self._taken()
        if not batch:
            return  # Another run took it along.
        try:
            found = self._run([one.given for one in batch])
        except BaseException as error:  # Whoever waits must hear of it, whatever it was.
            for one in batch:
                one.answer.set_exception(error)
            return
        finally:
            with self._lock:
                self._free += 1
        for one, answer in zip(batch, found, strict=True):
            one.answer.set_result(answer)

    def _taken(self) -> list[_Waiting[Given, Found]]:
        """The oldest, and the oldest of its kind; some are left for workers that are free as well."""
        with self._lock:
            if not self._waiting:
                return []
            kind = self._waiting[0].kind
            share = -(-len(self._waiting) // self._free)
            batch = [one for one in self._waiting if one.kind == kind][: min(self._most, share)]
            for one in batch:
                self._waiting.remove(one)
            self._free -= 1
        return batch
