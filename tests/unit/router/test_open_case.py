"""What becomes of each event of the intake topic."""

from __future__ import annotations

import pytest

from router.domain.district import District
from router.handlers.decide import Decide
from router.handlers.open_case import OpenCase, ReviseCase
from shared.contracts.suggestions import SuggestionCorrected, SuggestionWithdrawn, Transcript
from shared.errors import NotFound, TransientError
from tests.support.casework import NOW, SIGNALS, VAGUE, CountedNumbers, MemoryCases, said, submitted
from tests.support.clock import FrozenClock
from tests.support.pack import linghe

FIRST_OUTCOMES = {"case.assigned.v1", "case.declined.v1", "case.review-requested.v1"}


class House:
    """The use cases over memory."""

    def __init__(self, district: District) -> None:
        self.store, self.numbers = MemoryCases(), CountedNumbers()
        decide, clock = Decide(lambda: district, lambda text: text), FrozenClock()
        self.open = OpenCase(decide, self.store, self.numbers, lambda: district, clock)
        self.revise = ReviseCase(decide, self.store, lambda: district, clock)


@pytest.fixture
def house() -> House:
    return House(linghe())


async def test_a_clear_suggestion_is_accepted_and_then_assigned_with_unit_due_date_and_cause(house: House) -> None:
    event = submitted(said())
    await house.open(event)
    assert house.store.told() == ["case.accepted.v1", "case.assigned.v1"]
    _, assigned, cause = house.store.events[1]
    assert cause == event.id
    assert assigned.unit.id == "jiaojing"
    assert assigned.number == "LH-2026-000001"
    assert assigned.due.date == "2026-12-15"
    assert "15个工作日" in assigned.due.computation
    assert assigned.decision.method == "rule"
    assert {one.value for one in assigned.decision.evidence if one.kind == "word"} >= {"红绿灯"}
    assert assigned.decision.versions["pack"] == linghe().version


async def test_the_same_event_again_has_no_effect(house: House) -> None:
    event = submitted(said())
    await house.open(event)
    kept = dict(house.store.cases)
    await house.open(event)
    assert house.store.cases == kept
    assert len(house.store.events) == 2


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        (SIGNALS, "case.assigned.v1"),
        (VAGUE, "case.review-requested.v1"),
        ("测试", "case.declined.v1"),
        ("", "case.declined.v1"),
        ("加微信13800000000领取优惠，代办信用卡贷款秒批，扫码进群。", "case.declined.v1"),
        ("我家楼下着火了，火很大，快来人！", "case.declined.v1"),
    ],
)
async def test_the_first_outcome_is_exactly_one_of_three(house: House, text: str, outcome: str) -> None:
    await house.open(submitted(said(text)))
    assert [name for name in house.store.told() if name in FIRST_OUTCOMES] == [outcome]


async def test_nothing_heard_is_never_declined_by_the_machine(house: House) -> None:
    await house.open(submitted(said("", channel="voice", transcript=Transcript(verdict="no-speech"))))
    [(name, asked, _)] = house.store.events
    assert name == "case.review-requested.v1"
    assert asked.reasons == ["transcript-no-speech"]


async def test_a_spoken_emergency_goes_to_a_person_with_the_numbers_to_call(house: House) -> None:
    heard = Transcript(verdict="clear")
    await house.open(submitted(said("我家楼下着火了，快来人！", channel="voice", transcript=heard)))
    [(name, asked, _)] = house.store.events
    assert name == "case.review-requested.v1"
    assert asked.emergency is True
    pointers = [one.value for one in asked.decision.evidence if one.kind == "emergency-pointer"]
    assert pointers
    assert "119" in pointers[0]


async def test_a_declined_emergency_stays_first_in_the_queue_until_a_person_has_seen_it(house: House) -> None:
    await house.open(submitted(said(VAGUE)))
    await house.open(submitted(said("我家楼下着火了，火很大，快来人！")))
    queue = await house.store.queue(after=None, limit=10)
    assert [case.state for case in queue] == ["declined", "in-review"]
    assert queue[0].ground == "R01"
    assert queue[0].emergency is not None
    assert "119" in queue[0].emergency


async def test_a_corrected_transcript_is_decided_anew_as_a_persons_words(house: House) -> None:
    voice = said("学校门口没有红滤灯", channel="voice", transcript=Transcript(verdict="doubtful"))
    await house.open(submitted(voice))
    assert house.store.told() == ["case.review-requested.v1"]
    correction = submitted(SuggestionCorrected(suggestion_id=voice.suggestion_id, text=SIGNALS, corrected_at=NOW))
    await house.revise.correct(correction)
    await house.revise.correct(correction)  # delivered twice
    assert house.store.told() == ["case.review-requested.v1", "case.accepted.v1", "case.assigned.v1"]
    case = house.store.cases[voice.suggestion_id]
    assert case.text == SIGNALS
    assert case.suggestion.text == "学校门口没有红滤灯"
    assert case.queue_key is None


async def test_a_correction_after_the_decision_is_only_noted(house: House) -> None:
    voice = said(SIGNALS, channel="voice", transcript=Transcript(verdict="clear"))
    await house.open(submitted(voice))
    data = SuggestionCorrected(suggestion_id=voice.suggestion_id, text="改好的文字", corrected_at=NOW)
    await house.revise.correct(submitted(data))
    case = house.store.cases[voice.suggestion_id]
    assert (case.state, case.text, len(house.store.events)) == ("assigned", "改好的文字", 2)


async def test_a_withdrawal_closes_what_waits_and_is_noted_for_what_is_in_hand(house: House) -> None:
    for text, state, events in ((VAGUE, "withdrawn", 1), (SIGNALS, "assigned", 0)):
        data = said(text)
        await house.open(submitted(data))
        before = len(house.store.events)
        await house.revise.withdraw(submitted(SuggestionWithdrawn(suggestion_id=data.suggestion_id, withdrawn_at=NOW)))
        case = house.store.cases[data.suggestion_id]
        assert (case.state, len(house.store.events) - before) == (state, events)
        assert case.history[-1].action == "withdrawn"


async def test_a_correction_without_a_case_goes_to_the_dead_letters(house: House) -> None:
    with pytest.raises(NotFound):
        await house.revise.correct(
            submitted(SuggestionCorrected(suggestion_id="none", text="甲乙丙丁", corrected_at=NOW))
        )


async def test_a_case_that_changed_meanwhile_is_tried_again(house: House) -> None:
    data = said(VAGUE)
    await house.open(submitted(data))
    house.store.changed_meanwhile = True
    with pytest.raises(TransientError):
        await house.revise.correct(
            submitted(SuggestionCorrected(suggestion_id=data.suggestion_id, text=SIGNALS, corrected_at=NOW))
        )
