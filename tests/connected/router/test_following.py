"""Following and supervision on a real Kafka and a real database, while instances come, go and are killed."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from datetime import timedelta

import pytest

from router.adapters.case_store import MongoCases
from router.adapters.issue_store import MongoIssues
from router.adapters.lease import MongoLease
from router.domain.case import Case
from router.handlers.decide import Decide
from router.handlers.follow import FollowIssues
from router.handlers.open_case import OpenCase
from router.handlers.supervise import Supervise
from shared.contracts.cases import CaseIssueJoined
from shared.storage.mongo import Mongo
from tests.support.casework import SIGNALS, CountedNumbers, said, submitted
from tests.support.clock import FrozenClock
from tests.support.infrastructure import Infrastructure
from tests.support.pack import linghe
from tests.support.router_house import RouterHouse, until

pytestmark = pytest.mark.connected
LIGHTS = (
    SIGNALS,
    "文昌小学门口的路口一直没有红绿灯，孩子过马路很危险，请装信号灯。",
    "文昌小学门前路口接送时车流太急，没有红绿灯，建议装上信号灯。",
    "建议在文昌小学门前的路口安装红绿灯，接送高峰车流太急。",
)
PARROTS = (
    "鹦鹉湖湿地的观鸟栈道木板烂了好几块，老人走着危险，建议换成新木板。",
    "鹦鹉湖湿地观鸟栈道的木板烂了，老人和孩子走着危险，请换新木板。",
)
OTHER = "青石路的公交站没有候车亭，下雨天大家都淋着，建议加装候车亭。"


class Followed:
    """The real stores, filled directly."""

    def __init__(self, mongo: Mongo) -> None:
        self.database = mongo.database("router")
        self.clock = FrozenClock()
        self.cases = MongoCases(self.database["cases"], self.clock, nudge=lambda _: None, wake=lambda: None)
        self.issues = MongoIssues(self.database["issues"])
        self._open = OpenCase(Decide(linghe, lambda t: t), self.cases, CountedNumbers(), linghe, self.clock)

    def lease(self, name: str, holder: str) -> MongoLease:
        return MongoLease(self.database["leases"], name, holder, self.clock, lasts=timedelta(seconds=60))

    def follower(self, holder: str) -> FollowIssues:
        return FollowIssues(self.cases, self.issues, self.lease("issues", holder), lambda t: t, self.clock)

    async def opened(self, text: str) -> Case:
        self.clock.advance(1)
        data = said(text, received_at=self.clock.now())
        await self._open(submitted(data))
        await asyncio.sleep(0.002)
        case = await self.cases.find(data.suggestion_id)
        assert case is not None
        return case

    async def told(self, kind: str) -> Counter[str]:
        """Events of a type per case."""
        found: Counter[str] = Counter()
        async for document in self.database["cases"].find({}):
            found[document["_id"]] += sum(one["type"] == kind for one in document["outbox"])
        return found


@pytest.fixture
async def followed(mongo: Mongo) -> Followed:
    made = Followed(mongo)
    await made.cases.ensure_indexes()
    await made.issues.ensure_indexes()
    return made


async def test_a_new_instance_takes_over_when_the_lease_ends_and_tells_nothing_twice(followed: Followed) -> None:
    one, other = followed.follower("one"), followed.follower("other")
    first = [await followed.opened(text) for text in (LIGHTS[0], OTHER, LIGHTS[1])]
    assert (await one.once(), await other.once()) == (3, 0)
    followed.clock.advance(61)
    later = [await followed.opened(text) for text in LIGHTS[2:]]
    assert (await other.once(), await one.once()) == (2, 0)
    (issue,) = await followed.issues.hottest(limit=10)
    assert issue.members == [first[0].suggestion_id, *(case.suggestion_id for case in (first[2], *later))]
    assert await followed.issues.of(later[0].suggestion_id) == issue
    told = await followed.told("case.issue-joined.v1")
    assert {key for key, count in told.items() if count} == set(issue.members[1:])
    assert max(told.values()) == 1
    stored = await followed.cases.find(later[1].suggestion_id)
    assert stored is not None
    assert stored.likely
    assert stored.follow_key is None


async def test_two_instances_that_both_think_they_hold_the_lease_write_each_case_once(followed: Followed) -> None:
    for text in LIGHTS * 3:
        await followed.opened(text)
    both = [followed.follower("same") for _ in range(2)]
    await asyncio.gather(*(one.once() for one in both))
    assert max((await followed.told("case.issue-joined.v1")).values()) == 1
    (issue,) = await followed.issues.hottest(limit=10)
    assert issue.count == 12


async def test_an_issue_that_cools_down_leaves_the_list(followed: Followed) -> None:
    for text in LIGHTS[:2]:
        await followed.opened(text)
    await followed.follower("one").once()
    assert len(await followed.issues.hottest(limit=10)) == 1
    await followed.issues.show([])
    assert await followed.issues.hottest(limit=10) == []


async def test_the_line_is_read_by_its_index_alone(followed: Followed) -> None:
    for text in LIGHTS:
        await followed.opened(text)
    await followed.follower("one").once()
    await followed.opened(OTHER)
    plan = await followed.database["cases"].find({"follow_key": {"$gt": ""}}).explain()
    assert plan["executionStats"]["totalDocsExamined"] <= 2


async def test_joining_an_issue_is_told_on_the_topic_after_the_first_outcome(infrastructure: Infrastructure) -> None:
    house = RouterHouse(infrastructure)
    suggestions = [said(text) for text in PARROTS]
    ids = [one.suggestion_id for one in suggestions]
    async with house.running():
        await house.publish(suggestions[0])
        await until(lambda: _compared(house, ids[0]))
        await house.publish(suggestions[1])
        await until(lambda: _compared(house, ids[1]))
        told = (await house.cases().find_one({"_id": ids[1]}) or {})["outbox"]
        events = await house.told([ids[1]], len(told), joined=True)
    joined = events[-1].data
    assert isinstance(joined, CaseIssueJoined)
    assert (joined.issue_id, joined.size, joined.number) == (ids[0], 2, events[0].data.number)
    assert not any(isinstance(event.data, CaseIssueJoined) for event in events[:-1])


async def _compared(house: RouterHouse, suggestion_id: str) -> bool:
    return await house.cases().count_documents({"_id": suggestion_id, "joined": {"$exists": True}}) == 1


async def test_schedulers_that_are_cut_off_anywhere_and_robbed_of_the_lease_issue_each_order_once(
    followed: Followed,
) -> None:
    """Whoever dies between reading and writing, the next one issues what is missing."""
    cases = [await followed.opened(SIGNALS) for _ in range(25)]
    followed.clock.advance(timedelta(days=40).total_seconds())
    chance, kills, longest, issued = random.Random(20261124), 0, 0.02, 0
    for life in range(200):
        scheduler = Supervise(followed.cases, linghe, followed.clock, followed.lease("clock", f"life-{life}"))
        round_ = asyncio.create_task(scheduler.once())
        done, _ = await asyncio.wait({round_}, timeout=chance.uniform(0.0, longest))
        if not done:
            round_.cancel()  # at whatever it was waiting for: the answer to a write, too
            await asyncio.gather(round_, return_exceptions=True)
            kills += 1
        followed.clock.advance(61)  # the next one steals what the dead one held
        before, issued = issued, sum((await followed.told("case.supervised.v1")).values())
        if issued == before:
            longest *= 1.2  # on a slow machine a life must last long enough to write anything at all
        if issued >= len(cases) and life > 20:
            break
    assert kills > 0
    assert await followed.told("case.supervised.v1") == Counter({case.suggestion_id: 1 for case in cases})
