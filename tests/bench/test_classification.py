"""`make bench`: whole decisions about short messages, one after the other, and the share of each step.

Not a test of the clock: it fails only where a decision is wrong in kind, and prints the rate for the report.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from time import process_time

import pytest

from router import training
from router.adapters.classifier import TrainedClassifier
from router.adapters.embedder import Embedder
from router.adapters.simplified import simplify
from router.domain.features import Floats
from router.handlers.decide import Decide
from shared.clock import SystemClock
from shared.contracts.suggestions import SuggestionSubmitted
from tests.support.pack import PACK, linghe

MESSAGES = 400
GOAL = 40.0
"""Short messages a second on two cores (issue 6)."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model") / "router"
    assert training.main(["--pack", str(PACK), "--out", str(folder)]) == 0
    return folder


async def test_whole_decisions_about_short_messages_a_second(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clock, spent = SystemClock(), defaultdict[str, float](float)
    engine = Embedder()

    def embed(texts: Sequence[str]) -> Floats:
        started = clock.monotonic()
        vectors = engine(texts)
        spent["embedding"] += clock.monotonic() - started
        spent["embedded"] += len(texts)
        return vectors

    class Timed(TrainedClassifier):
        def classify(self, text: str, subject: str | None = None) -> list[tuple[str, float]]:
            started, before = clock.monotonic(), spent["embedding"]
            found = super().classify(text, subject)
            spent["words"] += clock.monotonic() - started - (spent["embedding"] - before)
            return found

        def words(self, text: str, class_id: str, subject: str | None = None) -> list[tuple[str, float]]:
            started = clock.monotonic()
            found = super().words(text, class_id, subject)
            spent["explaining"] += clock.monotonic() - started
            return found

    decide = Decide(linghe, simplify, Timed.from_folder(model, embed), clock=clock)
    texts = itertools.cycle(example.text for example in linghe().examples if len(example.text) <= 60)
    said = [
        SuggestionSubmitted(suggestion_id="0" * 26, channel="web", received_at=clock.now(), text=text)
        for text in itertools.islice(texts, MESSAGES)
    ]
    await decide(said[0])  # loads the engine
    spent.clear()
    started, busy = clock.monotonic(), process_time()
    methods = defaultdict[str, int](int)
    for one in said:
        methods[(await decide(one)).method] += 1
    whole, busy = clock.monotonic() - started, process_time() - busy
    rest = whole - spent["embedding"] - spent["words"] - spent["explaining"]
    with capsys.disabled():
        print(f"\n{MESSAGES / whole:.0f} short messages/s by one process on one core; {dict(methods)}")
        print(
            f"  {1000 * busy / MESSAGES:.1f} ms of processor each: {2 * MESSAGES / busy:.0f}/s by two on two free cores"
            f" (goal {GOAL:.0f})"
        )
        for name, took in (
            *((n, spent[n]) for n in ("embedding", "words", "explaining")),
            ("rules and the rest", rest),
        ):
            print(f"  {name}: {took / whole:.0%}, {1000 * took / MESSAGES:.1f} ms a message")
        print(f"  embedded: {spent['embedded']:.0f} of {MESSAGES}")
    assert sum(methods.values()) == MESSAGES
    assert methods["rule"] > 0
