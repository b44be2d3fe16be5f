"""A clerk hears a recording and stands for what is said: one write, decided anew, known when it comes round."""

from __future__ import annotations

from typing import Any

import pytest

from router.domain import access
from router.handlers.correct import CorrectTranscript
from router.handlers.decide import Decide
from router.handlers.open_case import OpenCase, ReviseCase
from shared.contracts.suggestions import Segment, SuggestionCorrected, Transcript
from shared.errors import Conflict, Forbidden, InvalidInput, NotFound
from tests.support.casework import SIGNALS, CountedNumbers, MemoryCases, account, said, submitted
from tests.support.clock import FrozenClock
from tests.support.pack import linghe

MISHEARD = "文昌小雪门前的路口没有红旅灯。"
DOUBTFUL = Transcript(
    verdict="doubtful",
    reasons=["low-confidence"],
    segments=[Segment(start_s=0, end_s=4, text=MISHEARD, confidence=0.4)],
)


class Desk:
    """A clerk, the case of a misheard note, and what happens to it."""

    def __init__(self) -> None:
        self.store = MemoryCases()
        decide = Decide(linghe, lambda text: text)
        self.open_case = OpenCase(decide, self.store, CountedNumbers(), linghe, FrozenClock())
        self.revise = ReviseCase(decide, self.store, linghe, FrozenClock())
        self.correct = CorrectTranscript(decide, self.store, linghe, FrozenClock())
        self.suggestion = ""

    async def opened(self, **fields: Any) -> Desk:
        data = said(MISHEARD, **{"channel": "voice", "transcript": DOUBTFUL, **fields})
        await self.open_case(submitted(data))
        self.suggestion = data.suggestion_id
        return self

    @property
    def case(self) -> Any:
        return self.store.cases[self.suggestion]

    async def by_resident(self, text: str = SIGNALS) -> None:
        event = SuggestionCorrected(suggestion_id=self.suggestion, text=text, corrected_at=FrozenClock().now())
        await self.revise.correct(submitted(event))


@pytest.fixture
async def desk() -> Desk:
    return await Desk().opened()


async def test_the_text_is_published_and_the_case_decided_anew_in_one_write(desk: Desk) -> None:
    assert desk.case.state == "in-review"
    already = len(desk.store.events)
    await desk.correct(account(), desk.suggestion, desk.case.version, text=SIGNALS)
    told = desk.store.events[already:]
    assert [name for name, _, _ in told] == ["suggestion.corrected.v1", "case.accepted.v1", "case.assigned.v1"]
    correction = told[0][1]
    assert isinstance(correction, SuggestionCorrected)
    assert (correction.by, correction.actor, correction.confirmed) == ("clerk", "clerk", False)
    assert correction.text == SIGNALS
    assert desk.case.text == SIGNALS
    assert desk.case.state == "assigned"
    assert desk.case.suggestion.text == MISHEARD  # what the machine heard stays
    lines = [(line.action, line.actor, line.state) for line in desk.case.history[-2:]]
    assert lines == [("corrected", "clerk", "in-review"), ("reconsidered", "router", "assigned")]


async def test_its_own_event_changes_nothing_when_it_comes_round(desk: Desk) -> None:
    await desk.correct(account(), desk.suggestion, desk.case.version, text=SIGNALS)
    before = desk.case
    published = next(event for name, event, _ in desk.store.events if name == "suggestion.corrected.v1")
    as_read = SuggestionCorrected.model_validate_json(published.model_dump_json(exclude_none=True))
    await desk.revise.correct(submitted(as_read))
    assert desk.case == before


async def test_a_clerks_word_that_the_desk_does_not_know_is_taken_in(desk: Desk) -> None:
    other = SuggestionCorrected(
        suggestion_id=desk.suggestion, text=SIGNALS, by="clerk", actor="clerk", corrected_at=FrozenClock().now()
    )
    await desk.revise.correct(submitted(other))
    assert desk.case.text == SIGNALS


async def test_saving_the_text_as_it_is_confirms_it(desk: Desk) -> None:
    await desk.correct(account(), desk.suggestion, desk.case.version, text="", confirmed=True)
    assert (desk.case.correction.text, desk.case.correction.confirmed) == (MISHEARD, True)
    assert "confirmed" in [line.action for line in desk.case.history]


async def test_the_resident_has_the_last_word(desk: Desk) -> None:
    await desk.correct(account(), desk.suggestion, desk.case.version, text="门前的路口没有红绿灯。")
    await desk.by_resident()
    assert (desk.case.text, desk.case.correction.by) == (SIGNALS, "resident")
    assert not access.corrects(account(), desk.case)
    with pytest.raises(InvalidInput) as refused:
        await desk.correct(account(), desk.suggestion, desk.case.version, text="别的话")
    assert refused.value.code == "residents-word"


async def test_in_the_hands_of_a_unit_the_text_changes_and_the_unit_stays(desk: Desk) -> None:
    await desk.correct(account(), desk.suggestion, desk.case.version, text=SIGNALS)
    unit = desk.case.unit
    await desk.correct(account(), desk.suggestion, desk.case.version, text="人民公园的厕所很脏，希望打扫。")
    assert desk.case.text == "人民公园的厕所很脏，希望打扫。"
    assert (desk.case.state, desk.case.unit) == ("assigned", unit)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"by": account("handler", "chengguanju")}, NotFound),
        ({"by": account("leader")}, Forbidden),
        ({"version": 0}, Conflict),
        ({"suggestion_id": "01KAVQ00000000000000000009"}, NotFound),
        ({"text": " \n"}, InvalidInput),
        ({"text": "字" * 20_001}, InvalidInput),
    ],
)
async def test_what_may_not_be_is_refused_and_writes_nothing(
    desk: Desk, changes: dict[str, Any], error: type[Exception]
) -> None:
    before = desk.case
    asked = {"by": account(), "suggestion_id": desk.suggestion, "version": before.version, "text": SIGNALS, **changes}
    with pytest.raises(error):
        await desk.correct(asked.pop("by"), asked.pop("suggestion_id"), asked.pop("version"), **asked)
    assert desk.case == before


async def test_who_was_slower_is_told_so(desk: Desk) -> None:
    desk.store.changed_meanwhile = True
    with pytest.raises(Conflict):
        await desk.correct(account(), desk.suggestion, desk.case.version, text=SIGNALS)


async def test_a_written_suggestion_has_nothing_to_correct() -> None:
    desk = await Desk().opened(channel="web", transcript=None)
    with pytest.raises(InvalidInput) as refused:
        await desk.correct(account(), desk.suggestion, desk.case.version, text=SIGNALS)
    assert refused.value.code == "no-transcript"


@pytest.mark.parametrize(("identity", "heard"), [("sealed", False), ("anonymous", True), ("named", True)])
async def test_a_unit_never_hears_who_asked_to_be_sealed(identity: str, heard: bool) -> None:
    desk = await Desk().opened(identity=identity)
    await desk.correct(account(), desk.suggestion, desk.case.version, text=SIGNALS)
    handler = account("handler", desk.case.unit.id, id="handler")
    assert access.hears(handler, desk.case) is heard
    assert access.hears(account(), desk.case)
    assert not access.hears(account("handler", "other", id="handler"), desk.case)
