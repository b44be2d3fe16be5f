"""What people may do with a case, and what they may not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from router.domain import casework
from router.domain.case import Case
from router.domain.district import Account
from router.handlers.act import Act
from router.handlers.decide import Decide
from router.handlers.open_case import OpenCase
from router.handlers.queues import Queues
from router.ports.cases import Filters
from shared.contracts.suggestions import Transcript
from shared.errors import Conflict, Forbidden, InvalidInput, NotFound
from tests.support.casework import (
    NOW,
    SIGNALS,
    VAGUE,
    CountedNumbers,
    MemoryCases,
    MemoryCopies,
    MemoryIssues,
    MemoryNotices,
    account,
    said,
    submitted,
)
from tests.support.clock import FrozenClock
from tests.support.pack import linghe

CLERK = account()
SIGNALMAN = account("handler", "jiaojing", id="handler-jiaojing")
LEADER = account("leader", id="leader")


class Desk:
    """Cases opened from texts, and the desk's two doors."""

    def __init__(self) -> None:
        self.store = MemoryCases()
        self.clock = FrozenClock()
        decide = Decide(linghe, lambda text: text)
        self._open = OpenCase(decide, self.store, CountedNumbers(), linghe, self.clock)
        self.act = Act(self.store, linghe, self.clock)
        self.queues = Queues(self.store, MemoryNotices(), MemoryIssues(), MemoryCopies())

    async def opened(self, text: str, **fields: Any) -> Case:
        data = said(text, **fields)
        await self._open(submitted(data))
        return self.store.cases[data.suggestion_id]

    def now(self, case: Case) -> Case:
        return self.store.cases[case.suggestion_id]


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_a_clerk_assigns_what_waits(desk: Desk) -> None:
    case = await desk.opened(VAGUE)
    await desk.act.assign(
        CLERK, case.suggestion_id, case.version, unit="minzhengju", co_units=["hexi", "minzhengju"], reason=" 属民生 "
    )
    assert desk.store.told() == ["case.review-requested.v1", "case.accepted.v1", "case.assigned.v1"]
    _, event, cause = desk.store.events[-1]
    assert cause is None
    assert (event.decision.method, event.decision.actor) == ("person", "clerk")
    assert [unit.id for unit in event.co_units] == ["hexi"]
    after = desk.now(case)
    assert (after.state, after.queue_key, after.reasons) == ("assigned", None, [])
    assert after.history[-1].reason == "属民生"


async def test_a_person_may_mend_the_machines_assignment_without_accepting_twice(desk: Desk) -> None:
    case = await desk.opened(SIGNALS)
    await desk.act.assign(CLERK, case.suggestion_id, case.version, unit="jiaoyuju", reason="学校负责")
    assert desk.store.told() == ["case.accepted.v1", "case.assigned.v1", "case.assigned.v1"]
    assert desk.now(case).due == case.due


async def test_a_wrong_decline_can_be_taken_back(desk: Desk) -> None:
    case = await desk.opened("测试")
    assert case.state == "declined"
    await desk.act.assign(CLERK, case.suggestion_id, case.version, unit="jiaoyuju", reason="电话核实后受理")
    after = desk.now(case)
    assert (after.state, after.ground, after.redirect) == ("assigned", None, None)


async def test_a_decline_names_the_ground_and_the_way_to_use_instead(desk: Desk) -> None:
    case = await desk.opened(VAGUE)
    await desk.act.decline(CLERK, case.suggestion_id, case.version, ground="R12", reason="请补充具体问题")
    name, event, _ = desk.store.events[-1]
    assert (name, event.ground) == ("case.declined.v1", "R12")
    assert event.redirect == linghe().grounds["R12"].redirect.zh


async def test_the_lead_unit_answers_and_the_clock_stops(desk: Desk) -> None:
    case = await desk.opened(SIGNALS)
    await desk.act.resolve(
        SIGNALMAN, case.suggestion_id, case.version, outcome="adopted", answer="已列入计划，12月20日前装好。"
    )
    name, event, _ = desk.store.events[-1]
    assert (name, event.unit.id, event.outcome) == ("case.resolved.v1", "jiaojing", "adopted")
    after = desk.now(case)
    assert (after.state, after.clock_at) == ("resolved", None)


@pytest.mark.parametrize(
    ("outcome", "answer", "reason", "pointer"),
    [
        ("not-adopted", "谢谢。", " ", "/reason"),
        ("adopted", "  ", "", "/answer"),
        ("perhaps", "好", "", "/outcome"),
    ],
)
async def test_an_answer_that_says_too_little_is_refused(
    desk: Desk, outcome: str, answer: str, reason: str, pointer: str
) -> None:
    case = await desk.opened(SIGNALS)
    with pytest.raises(InvalidInput) as refused:
        await desk.act.resolve(
            SIGNALMAN, case.suggestion_id, case.version, outcome=outcome, answer=answer, reason=reason
        )
    assert refused.value.pointer == pointer
    assert desk.now(case) == case


@pytest.mark.parametrize("by", [SIGNALMAN, LEADER, account("supervisor", id="supervisor")])
async def test_only_clerks_assign_and_decline(desk: Desk, by: Account) -> None:
    case = await desk.opened(SIGNALS)
    for act in (
        desk.act.assign(by, case.suggestion_id, case.version, unit="jiaoyuju"),
        desk.act.decline(by, case.suggestion_id, case.version, ground="R12"),
    ):
        with pytest.raises(Forbidden):
            await act
    assert desk.now(case) == case


async def test_a_co_handler_sees_a_case_but_does_not_answer_it(desk: Desk) -> None:
    case = await desk.opened(SIGNALS)
    helper = account("handler", case.units[1], id="helper")
    assert (await desk.queues.case(helper, case.suggestion_id)).case == case
    with pytest.raises(Forbidden):
        await desk.act.resolve(helper, case.suggestion_id, case.version, outcome="adopted", answer="好")


async def test_a_stranger_unit_finds_nothing_and_cannot_probe_the_queue(desk: Desk) -> None:
    case = await desk.opened(SIGNALS)
    stranger = account("handler", "minzhengju", id="stranger")
    with pytest.raises(NotFound):
        await desk.queues.case(stranger, case.suggestion_id)
    assert await desk.queues.numbered(stranger, case.number) is None
    assert (await desk.queues.cases(stranger, Filters(unit="jiaojing"))).cases == []
    with pytest.raises(Forbidden):
        await desk.queues.waiting(stranger)


async def test_who_was_slower_is_told_so_and_overwrites_nothing(desk: Desk) -> None:
    case = await desk.opened(VAGUE)
    await desk.act.assign(CLERK, case.suggestion_id, case.version, unit="minzhengju")
    with pytest.raises(Conflict):
        await desk.act.decline(CLERK, case.suggestion_id, case.version, ground="R12")
    desk.store.changed_meanwhile = True
    with pytest.raises(Conflict):
        await desk.act.assign(CLERK, case.suggestion_id, case.version + 1, unit="jiaoyuju")
    assert desk.store.told()[-1] == "case.assigned.v1"


async def test_an_emergency_that_was_pointed_elsewhere_leaves_the_queue_once_seen(desk: Desk) -> None:
    case = await desk.opened("我家楼下着火了，火很大，快来人！")
    await desk.act.acknowledge(CLERK, case.suggestion_id, case.version, reason="已联系119")
    after = desk.now(case)
    assert (after.state, after.queue_key, after.history[-1].action) == ("declined", None, "acknowledged")
    with pytest.raises(InvalidInput):
        await desk.act.acknowledge(CLERK, case.suggestion_id, after.version)


@pytest.mark.parametrize(("field", "value"), [("unit", "nobody"), ("co_units", ["nobody"]), ("class_id", "nothing")])
async def test_units_and_classes_outside_the_pack_are_refused(desk: Desk, field: str, value: object) -> None:
    case = await desk.opened(VAGUE)
    given: dict[str, Any] = {"unit": "minzhengju", "co_units": [], "class_id": None, field: value}
    with pytest.raises(InvalidInput):
        casework.assigned(case, **given, reason="", by=CLERK, district=linghe(), now=NOW + timedelta(hours=1))


async def test_a_closed_case_is_not_answered_again(desk: Desk) -> None:
    case = await desk.opened(SIGNALS)
    await desk.act.resolve(SIGNALMAN, case.suggestion_id, case.version, outcome="adopted", answer="已办。")
    with pytest.raises(InvalidInput):
        await desk.act.resolve(SIGNALMAN, case.suggestion_id, case.version + 1, outcome="adopted", answer="再答。")


async def test_a_persons_choice_of_class_is_a_lesson_that_can_be_taken_back(desk: Desk) -> None:
    case = await desk.opened(VAGUE)
    await desk.act.assign(CLERK, case.suggestion_id, case.version, unit="minzhengju", class_id="civil")
    [taught] = await desk.queues.lessons(CLERK)
    assert taught.lesson is not None
    assert (taught.lesson.class_id, taught.lesson.by) == ("civil", "clerk")
    with pytest.raises(Forbidden):
        await desk.act.remove_example(LEADER, case.suggestion_id, taught.version)
    await desk.act.remove_example(CLERK, case.suggestion_id, taught.version)
    assert await desk.queues.lessons(CLERK) == []
    assert desk.now(case).history[-1].action == "example-removed"
    with pytest.raises(InvalidInput):
        await desk.act.remove_example(CLERK, case.suggestion_id, taught.version + 1)


@pytest.mark.parametrize(("verdict", "teaches"), [("clear", True), ("doubtful", False)])
async def test_words_that_a_machine_was_unsure_of_teach_nothing(desk: Desk, verdict: str, teaches: bool) -> None:
    heard = Transcript.model_validate({"verdict": verdict})
    case = await desk.opened(VAGUE, channel="voice", transcript=heard)
    await desk.act.assign(CLERK, case.suggestion_id, case.version, unit="minzhengju", class_id="civil")
    assert (desk.now(case).lesson is not None) == teaches


async def test_an_assignment_without_a_class_teaches_nothing(desk: Desk) -> None:
    case = await desk.opened(VAGUE)
    await desk.act.assign(CLERK, case.suggestion_id, case.version, unit="minzhengju")
    assert desk.now(case).lesson is None
