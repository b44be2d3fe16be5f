"""Suggestions in, cases and their events out: the router on a real Kafka and a real database."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from router.adapters.case_numbers import MongoNumbers
from router.adapters.case_store import MongoCases
from router.adapters.lease import MongoLease
from router.adapters.simplified import simplify
from router.domain.case import Case
from router.examples import collected
from router.handlers.act import Act
from router.handlers.decide import Decide
from router.handlers.open_case import OpenCase
from router.handlers.supervise import Supervise
from router.ports.cases import Filters
from router.replay import rerun
from shared.clock import SystemClock
from shared.contracts.notices import NoticeSent
from shared.contracts.suggestions import SuggestionCorrected, Transcript
from shared.errors import TransientError
from shared.storage.mongo import Mongo
from tests.support.casework import NOW, SIGNALS, VAGUE, CountedNumbers, HeldLease, account, said, submitted
from tests.support.clock import FrozenClock
from tests.support.infrastructure import Infrastructure
from tests.support.pack import linghe
from tests.support.router_house import RouterHouse, new_id, until

pytestmark = pytest.mark.connected
FIRST_OUTCOMES = {"case.assigned.v1", "case.declined.v1", "case.review-requested.v1"}


@pytest.fixture
def house(infrastructure: Infrastructure) -> RouterHouse:
    return RouterHouse(infrastructure)


async def test_each_suggestion_has_one_case_and_one_first_outcome_though_delivered_twice(house: RouterHouse) -> None:
    """Rows 30 and 32: a replay, of whatever kind, is the same event again."""
    texts = [SIGNALS, VAGUE, "测试", "我家楼下着火了，火很大，快来人！", "公交站没有候车亭，建议加装。"] * 6
    suggestions = [said(text) for text in texts]
    ids = [one.suggestion_id for one in suggestions]
    async with house.running():
        entries = await house.publish(*suggestions)
        await house.publish(*entries)
        expected = len(ids) + sum("红绿灯" in text or "公交" in text for text in texts)
        events = await house.told(ids, expected)
        causes = {entry["subject"]: entry["event_id"] for entry in entries}
        await until(lambda: _all_published(house, ids))
    first = Counter(event.subject for event in events if event.type in FIRST_OUTCOMES)
    assert first == Counter(ids)
    assert all(event.causation_id == causes[event.subject] for event in events)
    documents = await house.cases().find({"_id": {"$in": ids}}).to_list(None)
    assert len(documents) == len(ids)
    assert len({document["number"] for document in documents}) == len(ids)


async def _all_published(house: RouterHouse, ids: list[str]) -> bool:
    return await house.cases().count_documents({"_id": {"$in": ids}, "outbox_next_at": {"$exists": False}}) == len(ids)


async def test_a_confirmed_transcript_and_a_notice_reach_the_case(house: RouterHouse) -> None:
    voice = said("学校门口没有红滤灯", channel="voice", transcript=Transcript(verdict="doubtful"))
    suggestion = voice.suggestion_id
    notice = NoticeSent(
        suggestion_id=suggestion,
        notice_id=new_id(),
        event_id=new_id(),
        channel="page",
        audience="resident",
        attempts=1,
        form="receipt",
        at=NOW,
    )
    async with house.running() as app:
        await house.publish(notice)  # before the case is there
        await house.publish(voice, SuggestionCorrected(suggestion_id=suggestion, text=SIGNALS, corrected_at=NOW))
        events = await house.told([suggestion], 3)
        transport = httpx2.ASGITransport(app)
        headers = {"accept": "text/html"}
        async with httpx2.AsyncClient(transport=transport, base_url="http://desk.test", headers=headers) as desk:
            await desk.post("/login", data={"account": "clerk", "password": "linghe-clerk"})

            async def shown() -> bool:
                page = (await desk.get(f"/cases/{suggestion}")).text
                return "收件回执" in page and "区交警大队" in page

            await until(shown)
    assert [event.type for event in events] == ["case.review-requested.v1", "case.accepted.v1", "case.assigned.v1"]


async def test_replay_reads_the_topics_and_names_only_what_another_pack_would_change(house: RouterHouse) -> None:
    suggestions = [said(SIGNALS), said(VAGUE)]
    ids = [one.suggestion_id for one in suggestions]
    async with house.running():
        await house.publish(*suggestions)
        await house.told(ids, 3)
    district = linghe()
    rules = tuple(
        rule.model_copy(update={"unit": "jiaoyuju"}) if rule.id == "signals" else rule for rule in district.rules
    )
    edited = district.model_copy(update={"rules": rules})
    connection = house.infrastructure.connection()
    same = await rerun(connection, Decide(linghe, simplify), since=NOW)
    again = await rerun(connection, Decide(linghe, simplify), since=NOW)
    other = await rerun(connection, Decide(lambda: edited, simplify), since=NOW)
    assert not set(ids) & {one["suggestion_id"] for one in same["changes"]}
    assert same["digest"] == again["digest"]
    changed = {one["suggestion_id"]: one for one in other["changes"]}
    assert changed[ids[0]]["after"]["target"] == "jiaoyuju"
    assert ids[1] not in changed


async def test_readiness_turns_green_and_names_its_checks(house: RouterHouse) -> None:
    async with house.running() as app:
        client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://desk.test")

        async def ready() -> bool:
            return (await client.get("/health/ready")).status_code == 200

        await until(ready)
        checks = (await client.get("/health/ready")).json()["checks"]
    assert set(checks) >= {"database", "broker", "relay", "consuming", "clock"}


class Shelf:
    """The real store, filled directly."""

    def __init__(self, mongo: Mongo, clock: FrozenClock | SystemClock) -> None:
        database = mongo.database("router")
        self.clock = clock
        self.collection = database["cases"]
        self.leases = database["leases"]
        self.numbers = MongoNumbers(database["counters"])
        self.store = MongoCases(self.collection, clock, nudge=lambda _: None, wake=lambda: None)

    async def opened(self, text: str = SIGNALS, **fields: Any) -> Case:
        data = said(text, **fields)
        open_case = OpenCase(Decide(linghe, lambda t: t), self.store, self.numbers, linghe, self.clock)
        await open_case(submitted(data))
        case = await self.store.find(data.suggestion_id)
        assert case is not None
        return case


@pytest.fixture
async def shelf(mongo: Mongo) -> Shelf:
    shelf = Shelf(mongo, FrozenClock())
    await shelf.store.ensure_indexes()
    return shelf


async def test_a_case_comes_back_from_the_database_as_it_was_written(shelf: Shelf) -> None:
    case = await shelf.opened(place={"town": "清禾镇", "text": "文昌小学"})
    assert case.state == "assigned"
    assert case.suggestion.received_at == NOW
    again = await shelf.store.by_number(case.number)
    assert again == case
    document = await shelf.collection.find_one({"_id": case.suggestion_id})
    assert document is not None
    assert "queue_key" not in document  # absent, not null: the sparse index holds only what waits


async def test_of_two_changes_from_the_same_version_one_wins_and_the_other_writes_nothing(shelf: Shelf) -> None:
    case = await shelf.opened(VAGUE)
    changed = [case.model_copy(update={"town": town, "version": 2}) for town in ("hexi", "anhe", "yingbin")]
    won = await asyncio.gather(*(shelf.store.replace(case, one, [], causation_id=None) for one in changed))
    assert sorted(won) == [False, False, True]
    after = await shelf.store.find(case.suggestion_id)
    assert after is not None
    assert after.town == changed[won.index(True)].town


async def test_case_numbers_are_never_given_twice_by_several_processes(mongo: Mongo) -> None:
    counters = mongo.database("router")["counters"]
    processes = [MongoNumbers(counters) for _ in range(4)]
    taken = await asyncio.gather(*(processes[n % 4].take(2026) for n in range(240)))
    assert len(set(taken)) == 240
    assert await processes[0].take(2027) <= 50


async def test_a_number_that_is_taken_is_tried_again_and_not_taken_for_a_second_delivery(shelf: Shelf) -> None:
    first = await shelf.opened()
    lost = OpenCase(
        Decide(linghe, lambda t: t), shelf.store, CountedNumbers(), linghe, shelf.clock
    )  # a counter that was lost: starts at 1 again
    event = submitted(said())
    with pytest.raises(TransientError):
        await lost(event)
    await lost(event)
    second = await shelf.store.find(event.data.suggestion_id)
    assert second is not None
    assert second.number != first.number


async def test_lists_page_through_all_cases_newest_first_and_each_once(mongo: Mongo) -> None:
    shelf = Shelf(mongo, SystemClock())
    await shelf.store.ensure_indexes()
    cases = [await shelf.opened(SIGNALS if n % 3 else VAGUE) for n in range(30)]
    old = await shelf.opened(SIGNALS, suggestion_id="01H" + "0" * 23)  # 2023
    seen: list[str] = []
    before = None
    while True:
        page = await shelf.store.page(Filters(unit="jiaojing"), before=before, limit=7)
        seen += [case.suggestion_id for case in page.cases]
        before = page.before
        if before is None:
            break
    expected = [case.suggestion_id for case in cases if case.unit and case.unit.id == "jiaojing"]
    assert seen == [*sorted(expected, reverse=True), old.suggestion_id]
    found = await shelf.store.page(Filters(words="多想想"), before=None, limit=50)
    assert len(found.cases) == 10
    assert (await shelf.store.page(Filters(words=".*"), before=None, limit=50)).cases == []
    assert (await shelf.store.page(Filters(state="declined"), before=None, limit=50)).cases == []


async def test_the_queue_is_paged_by_its_key_with_emergencies_first(shelf: Shelf) -> None:
    waiting = [await shelf.opened(VAGUE) for _ in range(4)]
    urgent = await shelf.opened("我家楼下着火了，火很大，快来人！")
    await shelf.opened(SIGNALS)
    first = await shelf.store.queue(after=None, limit=3)
    rest = await shelf.store.queue(after=first[-1].queue_key, limit=3)
    expected = [urgent, *sorted(waiting, key=lambda case: case.suggestion_id)]
    assert [case.suggestion_id for case in (*first, *rest)] == [case.suggestion_id for case in expected]
    assert await shelf.store.queue_length() == 5


async def test_lists_and_queue_read_only_what_they_show(shelf: Shelf) -> None:
    for _ in range(40):
        await shelf.opened(SIGNALS)
    await shelf.opened(VAGUE)
    for match, most in (({"queue_key": {"$gt": ""}}, 2), ({"state": "in-review", "_id": {"$gte": "0"}}, 2)):
        plan = await shelf.collection.find(match).explain()
        assert plan["executionStats"]["totalDocsExamined"] <= most, match


async def test_many_schedulers_issue_each_order_once(shelf: Shelf) -> None:
    clock = shelf.clock
    assert isinstance(clock, FrozenClock)
    cases = [await shelf.opened() for _ in range(12)]
    clock.advance(timedelta(days=40).total_seconds())
    workers = [Supervise(shelf.store, linghe, clock, HeldLease()) for _ in range(4)]  # all think they hold it
    counts = await asyncio.gather(*(worker.once() for worker in workers))
    assert sum(counts) == len(cases)
    for document in await shelf.collection.find({}).to_list(None):
        levels = [one["data"]["level"] for one in document["outbox"] if one["type"] == "case.supervised.v1"]
        assert levels == ["red"]


async def test_one_process_holds_the_lease_until_it_ends(shelf: Shelf) -> None:
    clock = shelf.clock
    assert isinstance(clock, FrozenClock)
    one, other = (
        MongoLease(shelf.leases, "clock", name, clock, lasts=timedelta(seconds=60)) for name in ("one", "other")
    )
    assert [await one.hold(), await other.hold(), await one.hold()] == [True, False, True]
    clock.advance(61)
    assert [await other.hold(), await one.hold()] == [True, False]


async def test_lessons_are_exported_as_examples_of_a_pack(house: RouterHouse) -> None:
    mongo = Mongo(house.infrastructure.mongo_uri, prefix=house.prefix)
    shelf = Shelf(mongo, FrozenClock())
    await shelf.store.ensure_indexes()
    for text, class_id in ((VAGUE, "civil"), (SIGNALS, "transport.signals")):
        case = await shelf.opened(text)
        shelf.clock.advance(60)
        await Act(shelf.store, linghe, shelf.clock).assign(
            account(), case.suggestion_id, case.version, unit="minzhengju", class_id=class_id
        )
    await shelf.opened(SIGNALS)
    assert await collected(house.settings()) == [
        {"class": "transport.signals", "text": SIGNALS},
        {"class": "civil", "text": VAGUE},
    ]
    mongo.close()
