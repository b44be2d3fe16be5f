"""`minsheng events republish`: the same ids, in order, no faster than told, with progress; a dry run sends nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from ulid import ULID

from shared.contracts.suggestions import SuggestionSubmitted
from shared.operations import republish
from shared.operations.republish import BATCH
from shared.storage.marks import MarkStore
from shared.storage.mongo import Mongo
from shared.storage.outbox import entry, new_fields
from tests.support.broker import FakePublisher
from tests.support.clock import FrozenClock

pytestmark = pytest.mark.connected
COUNT = BATCH + 50


async def kept(mongo: Mongo, at: datetime, count: int = COUNT) -> list[str]:
    """So many suggestions in the intake's store; their events' ids, in the order of the store."""
    documents = []
    for _ in range(count):
        suggestion_id = str(ULID())
        data = SuggestionSubmitted(suggestion_id=suggestion_id, channel="web", received_at=at, text="建议")
        documents.append({"_id": suggestion_id, **new_fields([entry(data, source="intake-web", at=at)], now=at)})
    await mongo.database("intake_web")["suggestions"].insert_many(documents)
    return [one["outbox"][0]["event_id"] for one in sorted(documents, key=lambda one: str(one["_id"]))]


async def run(
    mongo: Mongo,
    publisher: FakePublisher,
    clock: FrozenClock,
    since: datetime,
    *,
    topics: Sequence[str] = (),
    dry_run: bool = False,
) -> dict[str, int]:
    counts = await republish.republish(
        mongo,
        publisher,
        clock,
        since=since,
        topics=frozenset(topics),
        per_second=100,
        dry_run=dry_run,
    )
    return dict(counts)


def ids(publisher: FakePublisher) -> list[str]:
    return [(dict(one.headers)["ce_id"] or b"").decode() for one in publisher.published]


async def test_it_sends_what_is_new_enough_once_in_order_at_the_rate_it_was_given(
    mongo: Mongo, capsys: pytest.CaptureFixture[str]
) -> None:
    clock, publisher = FrozenClock(), FakePublisher()
    await kept(mongo, clock.now() - timedelta(hours=2), 5)
    since = clock.now() - timedelta(hours=1)
    expected = await kept(mongo, clock.now())
    assert await run(mongo, publisher, clock, since) == {"suggestions": COUNT}
    assert ids(publisher) == expected
    assert sum(clock.slept) == pytest.approx(COUNT / 100)
    assert max(clock.slept) <= BATCH / 100  # never more than a batch ahead of the rate
    assert f"intake_web: {BATCH} events" in capsys.readouterr().err


async def test_a_dry_run_counts_and_sends_nothing_and_leaves_the_alarm_on(mongo: Mongo) -> None:
    clock, publisher = FrozenClock(), FakePublisher()
    await kept(mongo, clock.now(), 3)
    marks = MarkStore(mongo.database("router"))
    await marks.note_loss("suggestions", "lost its tail")
    since = clock.now() - timedelta(hours=1)
    assert await run(mongo, publisher, clock, since, dry_run=True) == {"suggestions": 3}
    assert publisher.published == []
    assert await run(mongo, publisher, clock, since, topics=["cases"]) == {}
    assert await marks.losses() == ["lost its tail"]  # one topic alone heals nothing
    await run(mongo, publisher, clock, since)
    assert await marks.losses() == []


@pytest.mark.parametrize("words", [["--since", "2026-11-24T08:00:00Z", "--rate", "0"], ["--since", "2026-11-24T08:00"]])
def test_a_rate_of_nothing_and_a_time_without_zone_are_wrong_usage(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["republish", *words])
    with pytest.raises(SystemExit) as ended:
        republish.main()
    assert ended.value.code == 2
    assert "argument --" in capsys.readouterr().err
