"""The life of a suggestion is a function of the set of facts, whatever order they came in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake_web.domain.states import RANK, STATE_OF
from intake_web.domain.timeline import Fact, timeline_of
from intake_web.domain.wording import STATES, step_text

START = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
UNIT = {"id": "chengguan", "name": "区城市管理局"}
DUE = {"date": "2026-12-15", "computation": "15个工作日"}


def fact(minute: int, type_name: str, **data: Any) -> Fact:
    return Fact(event_id=f"E{minute:02d}", type=type_name, at=START + timedelta(minutes=minute), data=data)


VOICE = [
    fact(0, "recording.received.v1", channel="voice", received_at="2026-11-24T01:00:00Z"),
    fact(
        1,
        "suggestion.submitted.v1",
        channel="voice",
        received_at="2026-11-24T01:00:00Z",
        text="早市占道",
        transcript={"verdict": "doubtful", "segments": []},
    ),
    fact(2, "recording.transcribed.v1", channel="voice"),
    fact(3, "case.review-requested.v1", case_id="C1", reasons=["low-confidence"]),
    fact(4, "case.accepted.v1", case_id="C1", number="0017"),
    fact(4, "case.assigned.v1", case_id="C1", number="0017", unit=UNIT, due=DUE),
    fact(5, "notice.sent.v1", channel="page", title="受理告知书", text="已受理", form="acceptance"),
    fact(6, "notice.sent.v1", channel="email", form="acceptance"),
    fact(7, "case.resolved.v1", case_id="C1", unit=UNIT, outcome="adopted", answer="已划定摊位"),
]
VOICE[5] = Fact(event_id="E04b", type=VOICE[5].type, at=VOICE[5].at, data=VOICE[5].data)


@given(st.permutations(VOICE), st.lists(st.sampled_from(VOICE), max_size=4))
@settings(max_examples=60, deadline=None)
def test_order_and_repeats_of_facts_change_nothing(shuffled: list[Fact], repeated: list[Fact]) -> None:
    by_id = {one.event_id: one for one in [*shuffled, *repeated]}
    assert timeline_of("S", by_id.values()) == timeline_of("S", VOICE)


def test_the_whole_life_is_told_in_order() -> None:
    timeline = timeline_of("S", VOICE)
    assert timeline.state == "resolved"
    assert [step.type for step in timeline.steps] == [
        "recording.received.v1",
        "suggestion.submitted.v1",
        "case.review-requested.v1",
        "case.accepted.v1",
        "case.assigned.v1",
        "notice.sent.v1",
        "case.resolved.v1",
    ]
    assert (timeline.unit, timeline.due, timeline.number) == (UNIT, DUE, "0017")
    assert timeline.transcript is not None
    assert timeline.transcript["text"] == "早市占道"
    assert [notice.data["title"] for notice in timeline.notices] == ["受理告知书"]


@given(st.permutations(VOICE))
@settings(max_examples=60, deadline=None)
def test_the_state_never_goes_back_as_facts_arrive(shuffled: list[Fact]) -> None:
    ranks = [RANK[timeline_of("S", shuffled[: count + 1]).state] for count in range(len(shuffled))]
    assert ranks == sorted(ranks)


@pytest.mark.parametrize(
    ("count", "state"), [(0, "received"), (1, "transcribing"), (3, "transcribing"), (4, "in-review"), (6, "assigned")]
)
def test_states_on_the_way(count: int, state: str) -> None:
    assert timeline_of("S", VOICE[:count]).state == state


def test_a_case_that_overtakes_its_suggestion_is_not_set_back_by_it() -> None:
    late = [VOICE[5], VOICE[1]]
    assert timeline_of("S", late).state == "assigned"


def test_a_persons_later_decision_counts() -> None:
    declined = fact(8, "case.declined.v1", case_id="C1", ground="R07", redirect="请拨打12345。")
    timeline = timeline_of("S", [*VOICE[:6], declined])
    assert (timeline.state, timeline.ground, timeline.redirect) == ("declined", "R07", "请拨打12345。")


def test_a_reopened_case_goes_on_from_the_review() -> None:
    reopened = fact(9, "case.reopened.v1", case_id="C1", reason="效果消失")
    assert timeline_of("S", [*VOICE, reopened]).state == "in-review"
    again = fact(10, "case.assigned.v1", case_id="C1", unit=UNIT, due=DUE)
    assert timeline_of("S", [*VOICE, reopened, again]).state == "assigned"


def test_the_residents_correction_replaces_the_text_and_keeps_the_segments() -> None:
    corrected = fact(9, "suggestion.corrected.v1", text="早市占道经营", confirmed=False, by="resident")
    timeline = timeline_of("S", [*VOICE, corrected])
    assert timeline.transcript is not None
    assert (timeline.text, timeline.transcript["text"]) == ("早市占道经营", "早市占道经营")
    assert timeline.transcript["verdict"] == "doubtful"


def test_every_state_has_a_rank_and_a_name() -> None:
    assert set(STATE_OF.values()) <= set(RANK)
    assert set(RANK) == set(STATES)


def test_sentences_carry_the_facts() -> None:
    told = [step_text(step, lambda message: message) for step in timeline_of("S", VOICE).steps]
    assert "0017" in told[3]
    assert "区城市管理局" in told[4]
    assert "2026-12-15" in told[4]
    assert not [sentence for sentence in told if "{" in sentence]


def test_a_correction_is_told_before_what_was_decided_on_it_in_the_same_write() -> None:
    corrected = fact(4, "suggestion.corrected.v1", text="早市占道经营", by="clerk")
    corrected = Fact(event_id="E04z", type=corrected.type, at=corrected.at, data=corrected.data)
    told = [step.type for step in timeline_of("S", [*VOICE[:6], corrected]).steps]
    assert told[-3:] == ["suggestion.corrected.v1", "case.accepted.v1", "case.assigned.v1"]


def test_copies_can_be_played_whether_they_are_announced_before_or_after_the_words() -> None:
    original, sound = {"role": "original"}, {"role": "audio"}
    said = Fact(event_id="E01", type=VOICE[1].type, at=VOICE[1].at, data={**VOICE[1].data, "media": [original]})
    for minute in (0, 9):
        copied = fact(minute, "recording.copied.v1", media=[sound])
        timeline = timeline_of("S", [VOICE[0], said, copied])
        assert timeline.media == [original, sound]
        assert "recording.copied.v1" not in {step.type for step in timeline.steps}
