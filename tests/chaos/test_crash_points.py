"""Rows 1, 2, 3 and 10, and every other point: processes that die by SIGKILL at the worst lines of the code. (Row 36
is the notifier's.)"""

from __future__ import annotations

import contextlib
import signal
from pathlib import Path

import httpx2
import pytest

from shared.clock import SystemClock
from shared.contracts.suggestions import SuggestionCorrected
from shared.messaging import reading
from shared.messaging.encoding import Outgoing
from shared.messaging.publishing import Publisher
from shared.storage.mongo import Mongo
from tests.support.casework import SIGNALS, VAGUE, said
from tests.support.corpus_run import workshop
from tests.support.fragile import Fragile
from tests.support.media_stack import MediaStack, topic_events
from tests.support.processes import Processes, end_leases, ended
from tests.support.router_house import RouterHouse, handling, until

pytestmark = pytest.mark.connected
KEY = {"Idempotency-Key": "one and the same"}
FIRST_OUTCOMES = {"case.assigned.v1", "case.declined.v1", "case.review-requested.v1"}


async def send(url: str) -> httpx2.Response:
    async with httpx2.AsyncClient(timeout=20) as client:
        return await client.post(f"{url}/api/v1/suggestions", json={"text": SIGNALS}, headers=KEY)


@pytest.mark.parametrize(("point", "stored"), [("before_insert", 0), ("after_insert", 1)])
async def test_an_intake_killed_around_the_insert_keeps_one_suggestion_under_one_receipt(
    fragile: Fragile, processes: Processes, prefix: str, point: str, stored: int
) -> None:
    """Row 1 (before the insert) and row 2 (after it, before the answer)."""
    mongo = Mongo(fragile.infrastructure.mongo_uri, prefix=prefix)
    suggestions = mongo.database("intake_web")["suggestions"]
    doomed = processes.start("intake_web", CRASH_AT=point)
    with pytest.raises(httpx2.TransportError):
        await send(await processes.ready(doomed))
    assert await ended(doomed) == -signal.SIGKILL
    kept = await suggestions.find({}).to_list(None)
    assert len(kept) == stored
    url = await processes.ready(processes.start("intake_web"))
    first, second = await send(url), await send(url)
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json() == second.json()
    assert await suggestions.count_documents({}) == 1
    suggestion_id = first.json()["suggestion_id"]
    if kept:
        assert kept[0]["_id"] == suggestion_id
    await end_leases(suggestions)
    async with topic_events(fragile.infrastructure, "suggestions") as events_of:
        events = await events_of(suggestion_id, 1)
    assert [event.type for event in events] == ["suggestion.submitted.v1"]
    mongo.close()


async def test_a_relay_killed_after_the_publish_repeats_the_event_and_the_effect_happens_once(
    fragile: Fragile, processes: Processes, prefix: str
) -> None:
    """Row 3."""
    mongo = Mongo(fragile.infrastructure.mongo_uri, prefix=prefix)
    doomed = processes.start("intake_web", CRASH_AT="after_publish")
    with contextlib.suppress(httpx2.TransportError):  # the answer may or may not have left
        await send(await processes.ready(doomed))
    assert await ended(doomed) == -signal.SIGKILL
    [kept] = await mongo.database("intake_web")["suggestions"].find({}).to_list(None)
    assert kept["outbox_published"] == 0
    await processes.ready(processes.start("intake_web"))
    await end_leases(mongo.database("intake_web")["suggestions"])
    async with topic_events(fragile.infrastructure, "suggestions", repeated=True) as events_of:
        events = await events_of(kept["_id"], 2)
    assert [event.id for event in events] == [kept["outbox"][0]["event_id"]] * 2
    house = RouterHouse(fragile.infrastructure, prefix)
    async with house.running():
        told = await house.told([kept["_id"]], 2)
        again = await house.publish(said(SIGNALS))  # whatever came before it has been handled when this is decided
        await house.told([again[0]["subject"]], 2)
    assert [event.type for event in told] == ["case.accepted.v1", "case.assigned.v1"]
    [case] = await house.cases(mongo).find({"_id": kept["_id"]}).to_list(None)
    assert [one["type"] for one in case["outbox"]] == ["case.accepted.v1", "case.assigned.v1"]
    mongo.close()


async def test_a_consumer_killed_between_effect_and_commit_gets_the_record_again_without_a_second_effect(
    fragile: Fragile, processes: Processes, prefix: str
) -> None:
    """Row 10."""
    house = RouterHouse(fragile.infrastructure, prefix)
    mongo = Mongo(fragile.infrastructure.mongo_uri, prefix=prefix)
    suggestions = [said(SIGNALS) for _ in range(5)]
    await house.publish(*suggestions)
    doomed = processes.start("router", CRASH_AT="after_effect")
    assert await ended(doomed) == -signal.SIGKILL
    done = {case["_id"] for case in await house.cases(mongo).find({}).to_list(None)}
    assert done
    await processes.ready(processes.start("router"))
    await end_leases(house.cases(mongo))
    ids = [one.suggestion_id for one in suggestions]
    await house.told(ids, 2 * len(ids), seconds=60)

    async def all_there() -> bool:
        return await house.cases(mongo).count_documents({"_id": {"$in": [*ids, *done]}}) == len(done | set(ids))

    await until(all_there)
    for case in await house.cases(mongo).find({"_id": {"$in": [*ids, *done]}}).to_list(None):
        assert len([one for one in case["outbox"] if one["type"] in FIRST_OUTCOMES]) == 1
    mongo.close()


@pytest.mark.parametrize("point", ["before_change", "after_change"])
async def test_a_router_killed_around_a_change_makes_it_once(
    fragile: Fragile, processes: Processes, prefix: str, point: str
) -> None:
    """What a resident corrects changes the case once, and what follows from it is told once."""
    house, mongo = RouterHouse(fragile.infrastructure, prefix), Mongo(fragile.infrastructure.mongo_uri, prefix=prefix)
    [vague, _] = await house.publish(
        first := said(VAGUE),
        SuggestionCorrected(suggestion_id=first.suggestion_id, text=SIGNALS, corrected_at=SystemClock().now()),
    )
    assert await ended(processes.start("router", CRASH_AT=point)) == -signal.SIGKILL
    await processes.ready(processes.start("router"))
    await end_leases(house.cases(mongo))
    told = await house.told([vague["subject"]], 3, seconds=60)
    assert [event.type for event in told] == ["case.review-requested.v1", "case.accepted.v1", "case.assigned.v1"]
    [case] = await house.cases(mongo).find({"_id": vague["subject"]}).to_list(None)
    assert [entry["action"] for entry in case["history"]] == ["opened", "reconsidered"]
    assert len(handling(case)) == 3
    mongo.close()


@pytest.mark.parametrize(("point", "copies"), [("before_bury", 1), ("after_bury", 2)])
async def test_a_consumer_killed_around_a_burial_buries_again_and_loses_nothing(
    fragile: Fragile, processes: Processes, prefix: str, point: str, copies: int
) -> None:
    """A letter may lie there twice, with the same provenance; what it is about is never skipped."""
    junk, connection = f"{{{prefix}".encode(), fragile.infrastructure.connection()
    publisher = Publisher(connection)
    await publisher.publish([Outgoing(topic="suggestions", key=None, value=junk, headers=[])])
    await publisher.stop()

    async def buried() -> list[str]:
        letters = [one for one in await reading.stored(connection, "suggestions-dlq") if one.value == junk]
        return [reading.header_texts(one.headers)["original-offset"] for one in letters]

    assert await ended(processes.start("router", CRASH_AT=point)) == -signal.SIGKILL
    assert len(await buried()) == copies - 1
    await processes.ready(processes.start("router"))

    async def all_there() -> bool:
        return len(await buried()) == copies

    await until(all_there, seconds=60)
    assert len(set(await buried())) == 1


@pytest.mark.parametrize(
    "point", ["before_transcribe", "before_outcome", "after_outcome", "before_copies", "after_copies"]
)
async def test_a_video_worker_killed_around_outcome_or_copies_leaves_one_suggestion_and_one_set_of_copies(
    fragile: Fragile, prefix: str, tmp_path: Path, point: str
) -> None:
    """What a dead worker had in hand goes to the next one, and what it had written is told by the next one."""
    mongo = Mongo(fragile.infrastructure.mongo_uri, prefix=prefix)
    recordings = mongo.database("intake_media")["recordings"]
    stack = MediaStack(fragile.infrastructure, tmp_path, MONGODB_DATABASE_PREFIX=prefix, MEDIA_COPIES="on")
    with workshop(tmp_path) as shop:
        picture = ("-f", "lavfi", "-i", "testsrc=size=160x120:rate=10:duration=2", "-i", str(shop.voice))
        film = shop.made("mp4", "-shortest", inputs=picture)
    try:
        api = stack.start("serve")
        await stack.ready(api)
        receipt = await stack.upload(film, channel="video")
        assert await ended(stack.worker("video", CRASH_AT=point), seconds=90) == -signal.SIGKILL
        [kept] = await recordings.find({}).to_list(None)
        expected = {"before_transcribe": "working", "before_outcome": "working", "after_outcome": "copies-wait"}
        assert kept["state"] == {**expected, "before_copies": "copying", "after_copies": "done"}[point]
        await end_leases(recordings)
        await stack.ready(stack.worker("video"))
        async with topic_events(fragile.infrastructure, "suggestions", "recordings") as events_of:
            events = await events_of(receipt["suggestion_id"], 4, within_s=90)
        told = ["recording.copied.v1", "recording.received.v1", "recording.transcribed.v1", "suggestion.submitted.v1"]
        assert sorted(event.type for event in events) == told
        [kept] = await recordings.find({}).to_list(None)
        assert kept["state"] == "done"
        files = [one["uri"] for one in kept["derived"]]
        assert len(files) == len(set(files))
        assert {"captions", "web-copy"} <= {one["role"] for one in kept["derived"]}
    finally:
        stack.stop()
        mongo.close()
