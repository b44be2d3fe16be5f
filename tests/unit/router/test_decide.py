"""The decision as the service makes it, with and without a text model."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from threading import Barrier, Event

from router.domain.decision import Assign, Review
from router.handlers.decide import Decide
from tests.support.casework import SIGNALS, VAGUE, said
from tests.support.pack import linghe


class FakeClassifier:
    """Always sees one class, as sure as it is told to be."""

    version = "test-1"
    threshold = 0.8

    def __init__(self, class_id: str, confidence: float) -> None:
        self._found = (class_id, confidence)
        self.asked: list[str] = []

    def classify(self, text: str) -> Sequence[tuple[str, float]]:
        self.asked.append(text)
        return [self._found, ("science", 0.01)]

    def words(self, text: str, class_id: str) -> Sequence[tuple[str, float]]:
        return [("日子", 0.5)] if class_id == self._found[0] else []


def deciding(classifier: FakeClassifier | None = None) -> Decide:
    return Decide(linghe, lambda text: text, classifier)


async def test_what_a_rule_decides_never_waits_for_the_model() -> None:
    classifier = FakeClassifier("education", 0.99)
    decision = await deciding(classifier)(said(SIGNALS))
    assert decision.method == "rule"
    assert classifier.asked == []


async def test_a_rule_decides_while_every_slot_of_the_model_is_taken() -> None:
    go_on = Event()

    class Stuck(FakeClassifier):
        def classify(self, text: str) -> Sequence[tuple[str, float]]:
            assert go_on.wait(30)
            return super().classify(text)

    decide = Decide(linghe, lambda text: text, Stuck("civil", 0.93), at_once=2)
    waiting = [asyncio.create_task(decide(said(VAGUE))) for _ in range(4)]
    try:
        await asyncio.sleep(0)
        assert (await decide(said(SIGNALS))).method == "rule"
        assert not any(task.done() for task in waiting)
    finally:
        go_on.set()
    assert {(await task).method for task in waiting} == {"model"}


async def test_the_model_is_asked_about_several_texts_side_by_side() -> None:
    together = Barrier(2)

    class Both(FakeClassifier):
        def classify(self, text: str) -> Sequence[tuple[str, float]]:
            together.wait(30)  # never passes unless two ask side by side
            return super().classify(text)

    decide = Decide(linghe, lambda text: text, Both("civil", 0.93), at_once=2)
    decisions = await asyncio.gather(*(decide(said(VAGUE, suggestion_id="0" * 26)) for _ in range(4)))
    assert len({one.model_dump_json() for one in decisions}) == 1


async def test_a_sure_model_assigns_and_says_which_words_counted() -> None:
    decision = await deciding(FakeClassifier("civil", 0.93))(said(VAGUE))
    assert isinstance(decision.outcome, Assign)
    assert (decision.method, decision.outcome.class_id) == ("model", "civil")
    assert decision.versions.model == "test-1"
    assert [(one.value, one.weight) for one in decision.evidence if one.kind == "model-word"] == [("日子", 0.5)]


async def test_an_unsure_model_hands_over_and_proposes() -> None:
    decision = await deciding(FakeClassifier("civil", 0.6))(said(VAGUE))
    assert isinstance(decision.outcome, Review)
    assert decision.alternatives[0].class_id == "civil"
    assert decision.alternatives[0].confidence == 0.6


async def test_the_same_input_and_versions_give_the_same_bytes() -> None:
    for text in (SIGNALS, VAGUE, "测试", "我家楼下着火了，快来人！"):
        suggestion = said(text)
        first = (await deciding(FakeClassifier("civil", 0.93))(suggestion)).model_dump_json()
        assert first == (await deciding(FakeClassifier("civil", 0.93))(suggestion)).model_dump_json()


async def test_every_decision_is_observed_with_its_time() -> None:
    seen: list[str] = []
    decide = Decide(linghe, lambda text: text, observe=lambda decision, seconds: seen.append(decision.outcome.kind))
    await decide(said(SIGNALS))
    await decide(said(VAGUE))
    assert seen == ["assign", "review"]
