"""Cases are compared after they opened, each once, by one instance; people merge or dismiss what it proposes."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from router.domain.case import Case
from router.domain.following import Following, comparable
from router.handlers.act import Act
from router.handlers.decide import Decide
from router.handlers.follow import FollowIssues
from router.handlers.open_case import OpenCase
from router.handlers.queues import Queues
from shared.contracts.cases import CaseIssueJoined
from shared.contracts.suggestions import Transcript
from shared.errors import Forbidden, InvalidInput, NotFound
from tests.support.casework import (
    NOW,
    SIGNALS,
    CountedNumbers,
    HeldLease,
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

LIGHTS = (
    "文昌小学门前的路口没有红绿灯，接送高峰车流很急，希望装上信号灯。",
    "文昌小学门口的路口一直没有红绿灯，孩子过马路很危险，请装信号灯。",
    "文昌小学门前路口接送时车流太急，没有红绿灯，建议装上信号灯。",
)
OTHER = "青石路的公交站没有候车亭，下雨天大家都淋着，建议加装候车亭。"
CLERK, HANDLER = account(), account("handler", "jiaojing", id="handler-jiaojing")


class House:
    """Opens cases and follows them, over memory."""

    def __init__(self) -> None:
        self.store, self.issues, self.clock, self.lease = MemoryCases(), MemoryIssues(), FrozenClock(), HeldLease()
        self._open = OpenCase(Decide(linghe, lambda t: t), self.store, CountedNumbers(), linghe, self.clock)
        self.act = Act(self.store, linghe, self.clock)
        self.queues = Queues(self.store, MemoryNotices(), self.issues, MemoryCopies())
        self._minutes = 0

    def follower(self) -> FollowIssues:
        return FollowIssues(self.store, self.issues, self.lease, lambda t: t, self.clock)

    async def opened(self, text: str, **fields: Any) -> str:
        self._minutes += 1
        data = said(text, **{"received_at": NOW + timedelta(minutes=self._minutes), **fields})
        await self._open(submitted(data))
        await asyncio.sleep(0.002)  # ids are in the order of milliseconds
        return data.suggestion_id

    def case(self, suggestion_id: str) -> Case:
        return self.store.cases[suggestion_id]

    def joined(self) -> list[CaseIssueJoined]:
        return [event for _, event, _ in self.store.events if isinstance(event, CaseIssueJoined)]


@pytest.fixture
def house() -> House:
    return House()


async def test_cases_about_one_matter_become_one_issue_and_the_later_ones_name_the_earlier(house: House) -> None:
    ids = [await house.opened(text, contact_id=f"c{n}") for n, text in enumerate(LIGHTS)]
    alone = await house.opened(OTHER)
    versions = {one: house.case(one).version for one in (*ids, alone)}
    assert await house.follower().once() == 4
    (issue,) = house.issues.shown
    assert (issue.members, issue.count, issue.people, issue.week, issue.week_before) == (ids, 3, 3, 3, 0)
    assert "红绿灯" in issue.name
    assert [event.suggestion_id for event in house.joined()] == ids[1:]
    assert [(event.issue_id, event.size) for event in house.joined()] == [(ids[0], 2), (ids[0], 3)]
    assert house.case(ids[0]).likely == []
    assert house.case(ids[1]).likely[0].other_id == ids[0]
    assert house.case(ids[1]).likely[0].number == house.case(ids[0]).number
    assert house.case(ids[1]).likely[0].evidence[0].kind == "meaning"
    assert house.case(alone).likely == []
    assert {one: house.case(one).version for one in versions} == versions, "nobody's page grows old"


async def test_nothing_is_found_or_told_twice_and_another_instance_goes_on_from_the_cases(house: House) -> None:
    first = [await house.opened(text) for text in LIGHTS[:2]]
    one = house.follower()
    assert await one.once() == 2
    assert await one.once() == 0
    third = await house.opened(LIGHTS[2])
    assert await house.follower().once() == 1  # the first one died; this one knows only what the cases say
    (issue,) = house.issues.shown
    assert issue.members == [*first, third]
    assert [event.suggestion_id for event in house.joined()] == [first[1], third]


async def test_without_the_lease_nothing_is_compared(house: House) -> None:
    key = await house.opened(SIGNALS)
    house.lease.held = False
    assert await house.follower().once() == 0
    assert house.case(key).follow_key == key


async def test_a_finding_that_could_not_be_written_is_the_same_at_the_next_try(house: House) -> None:
    for text in LIGHTS[:2]:
        await house.opened(text)
    follower, written = house.follower(), house.store.followed

    async def broken(*_: Any) -> bool:
        raise InvalidInput("the database is away")

    house.store.followed = broken
    with pytest.raises(InvalidInput):
        await follower.once()
    house.store.followed = written
    assert await follower.once() == 2
    assert [one.count for one in house.issues.shown] == [2]
    assert len(house.joined()) == 1


async def test_one_text_that_breaks_the_comparison_does_not_hold_up_the_line(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd, other = await house.opened(LIGHTS[0]), await house.opened(LIGHTS[1])
    add = Following.add

    def choosy(self: Following, record: Any, now: Any) -> Any:
        if record.message.id == odd:
            raise ValueError("odd")
        return add(self, record, now)

    monkeypatch.setattr(Following, "add", choosy)
    assert await house.follower().once() == 2
    assert house.case(odd).follow_key is None
    assert house.case(odd).joined is None
    assert house.case(other).joined is not None


async def test_what_a_machine_doubted_or_nobody_handles_is_not_compared(house: House) -> None:
    doubted = await house.opened(SIGNALS, channel="voice", transcript=Transcript(verdict="doubtful"))
    declined = await house.opened("测试")
    for one in (doubted, declined):
        assert not comparable(house.case(one))
    assert await house.follower().once() == 2
    assert house.case(doubted).joined is None


async def test_a_merged_case_goes_to_the_leading_unit_and_is_answered_separately(house: House) -> None:
    lead, other = await house.opened(LIGHTS[0]), await house.opened(LIGHTS[1])
    await house.follower().once()
    told = len(house.store.events)
    await house.act.merge(CLERK, other, house.case(other).version, into=lead)
    case = house.case(other)
    assert (case.state, case.merged_into, case.likely) == ("merged", lead, [])
    assert case.unit == house.case(lead).unit
    assert case.history[-1].action == "merged"
    assert case.clock_at is not None
    assert "case.merged.v1" in [name for name, _, _ in house.store.events[told:]]
    view = await house.queues.case(HANDLER, lead)
    assert [one.suggestion_id for one in view.merged] == [other]
    await house.act.resolve(HANDLER, lead, house.case(lead).version, outcome="adopted", answer="本月安装。")
    assert house.case(other).state == "merged", "answering one answers no other"
    await house.act.resolve(HANDLER, other, house.case(other).version, outcome="adopted", answer="同样安装。")
    assert house.case(other).state == "resolved"


async def test_a_waiting_case_that_is_merged_is_accepted_and_assigned_with_it(house: House) -> None:
    lead = await house.opened(SIGNALS)
    waiting = await house.opened("希望政府多想想办法，让大家的日子过得更好一些。")
    assert house.case(waiting).state == "in-review"
    told = len(house.store.events)
    await house.act.merge(CLERK, waiting, house.case(waiting).version, into=lead)
    names = [name for name, _, _ in house.store.events[told:]]
    assert names == ["case.accepted.v1", "case.assigned.v1", "case.merged.v1"]
    assert house.case(waiting).queue_key is None
    assert house.case(waiting).due is not None


async def test_no_chain_no_circle_and_no_lead_without_a_unit(house: House) -> None:
    lead, second, third = [await house.opened(text) for text in LIGHTS]
    vague = await house.opened("希望政府多想想办法，让大家的日子过得更好一些。")

    async def merge(one: str, into: str) -> None:
        await house.act.merge(CLERK, one, house.case(one).version, into=into)

    with pytest.raises(InvalidInput, match="assign the leading"):
        await merge(second, vague)
    with pytest.raises(InvalidInput):
        await merge(second, second)
    with pytest.raises(NotFound):
        await merge(second, "0" * 26)
    await merge(second, lead)
    with pytest.raises(InvalidInput, match="Other cases"):
        await merge(lead, third)
    await merge(third, second)
    assert house.case(third).merged_into == lead


async def test_a_merged_case_that_is_assigned_elsewhere_goes_its_own_way_again(house: House) -> None:
    lead, other = await house.opened(LIGHTS[0]), await house.opened(LIGHTS[1])
    await house.act.merge(CLERK, other, house.case(other).version, into=lead)
    await house.act.assign(CLERK, other, house.case(other).version, unit="jiaoyuju")
    assert (house.case(other).state, house.case(other).merged_into) == ("assigned", None)


async def test_only_a_clerk_merges_and_dismisses_and_what_is_dismissed_stays_away(house: House) -> None:
    lead, other = await house.opened(LIGHTS[0]), await house.opened(LIGHTS[1])
    await house.follower().once()
    for by in (HANDLER, account("leader", id="leader")):
        with pytest.raises(Forbidden):
            await house.act.merge(by, other, house.case(other).version, into=lead)
        with pytest.raises(Forbidden):
            await house.act.dismiss(by, other, house.case(other).version, other=lead)
    await house.act.dismiss(CLERK, other, house.case(other).version, other=lead)
    assert house.case(other).likely == []
    assert house.case(other).history[-1].reason == house.case(lead).number
    await house.follower().once()
    assert house.case(other).likely == []
    with pytest.raises(InvalidInput):
        await house.act.dismiss(CLERK, other, house.case(other).version, other=lead)


async def test_units_do_not_see_the_hot_issues_of_the_district(house: House) -> None:
    with pytest.raises(Forbidden):
        await house.queues.hot_issues(HANDLER)
    with pytest.raises(NotFound):
        await house.queues.hot_issue(CLERK, "none")
