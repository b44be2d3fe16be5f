"""The drill: a broker loses the tail of its log; it is noticed, the group reads again, the topics are refilled."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from prometheus_client import CollectorRegistry
from ulid import ULID

from minsheng.control import Running, supervisor
from minsheng.places import Places
from shared.clock import SystemClock
from shared.contracts.envelope import Event
from shared.contracts.suggestions import SuggestionSubmitted
from shared.messaging.broker import build_broker
from shared.messaging.connection import KafkaConnection
from shared.messaging.consuming import Consuming
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.delivery import Delivery
from shared.messaging.metrics import DeliveryMetrics
from shared.messaging.publishing import Publisher
from shared.messaging.relay import Relay
from shared.operations.republish import republish
from shared.storage.marks import MARKS, MarkStore
from shared.storage.mongo import Mongo
from shared.storage.outbox import entry, new_fields, pending_of
from shared.storage.outbox_store import OutboxStore
from tests.support.casework import SIGNALS
from tests.support.infrastructure import Infrastructure, free_offset, minsheng
from tests.support.processes import intake_web
from tests.support.router_house import RouterHouse

pytestmark = pytest.mark.connected
CLOCK = SystemClock()


@pytest.fixture(scope="module")
def own_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Places]]:
    """A broker whose log may be cut: not the one that the other tests share."""
    state = tmp_path_factory.mktemp("lostlog")
    env = {"MINSHENG_STATE": str(state), "MINSHENG_PORT_OFFSET": str(free_offset())}
    started = minsheng("up", "--detach", "--only", "kafka", env=env)
    assert started.returncode == 0, started.stdout + started.stderr
    try:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in env.items():
                patch.setenv(name, value)
            places = Places.from_environment()
        yield places.kafka, places
    finally:
        minsheng("down", env=env)


async def until(done: Callable[[], bool], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not done():
            await asyncio.sleep(0.1)


class Side:
    """One consumer group that counts what it saw, by event id."""

    def __init__(self, connection: KafkaConnection, mongo: Mongo, database: str, group: str) -> None:
        self.seen: Counter[str] = Counter()
        metrics = DeliveryMetrics(CollectorRegistry())

        async def count(event: Event[Any]) -> None:
            self.seen[event.id] += 1

        self._publisher = Publisher(connection)
        self.consuming = Consuming(
            build_broker(connection),
            group=group,
            clock=CLOCK,
            metrics=metrics,
            marks=MarkStore(mongo.database(database)),
        )
        dead_letters = DeadLetters(self._publisher, CLOCK)
        self.consuming.add(("suggestions",), Delivery({"suggestion.submitted.v1": count}, dead_letters, CLOCK, metrics))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.consuming.run())
        try:
            yield
        finally:
            task.cancel()
            await self.consuming.stop()
            await self._publisher.stop()


def cut_logs(places: Places) -> int:
    """Cut half of every segment of `suggestions` away, as a power cut may; returns the bytes lost."""
    lost = 0
    for segment in (places.state / "kafka").rglob("suggestions-*/*.log"):
        if "dlq" in segment.parent.name:
            continue
        size = segment.stat().st_size
        with segment.open("r+b") as file:
            file.truncate(size // 2)
        for index in (*segment.parent.glob("*.index"), *segment.parent.glob("*.timeindex")):
            index.unlink()
        for snapshot in segment.parent.glob("*.snapshot"):
            snapshot.unlink()
        lost += size - size // 2
    # the broker must not believe that it stopped cleanly
    for marker in (places.state / "kafka").rglob(".kafka_cleanshutdown"):
        marker.unlink()
    return lost


async def test_after_a_lost_tail_the_group_reads_again_and_republishing_leaves_nothing_missing(
    own_broker: tuple[str, Places], infrastructure: Infrastructure
) -> None:
    kafka, places = own_broker
    connection = KafkaConnection(bootstrap_servers=kafka, client_id="drill")
    mongo = Mongo(infrastructure.mongo_uri, prefix=f"t{uuid.uuid4().hex[:8]}_")
    collection = mongo.database("intake_web")["suggestions"]
    store = OutboxStore(collection, CLOCK)
    await store.ensure_indexes()
    started_at = CLOCK.now()
    accepted: list[str] = []

    async def accept(relay: Relay, count: int) -> None:
        for _ in range(count):
            suggestion_id, now = str(ULID()), CLOCK.now()
            data = SuggestionSubmitted(suggestion_id=suggestion_id, channel="web", received_at=now, text="建议")
            one = entry(data, source="intake-web", at=now)
            document = {"_id": suggestion_id, **new_fields([one], now=now)}
            await collection.insert_one(document)
            relay.nudge(pending_of(document))
            accepted.append(one["event_id"])

    publisher = Publisher(connection)
    relay = Relay(store, publisher, CLOCK, DeliveryMetrics(CollectorRegistry()))
    relaying = asyncio.create_task(relay.run())
    quick = Side(connection, mongo, "router", "router")
    async with quick.running():
        await accept(relay, 150)
        await until(lambda: len(quick.seen) == 150)
        await asyncio.sleep(4)  # the marks are kept every three seconds
    relaying.cancel()
    await publisher.stop()

    with supervisor(Running.load(places).endpoint) as control:
        control.stop("kafka")
        assert cut_logs(places) > 0
        control.start("kafka")

    publisher = Publisher(connection)
    relay = Relay(store, publisher, CLOCK, DeliveryMetrics(CollectorRegistry()))
    relaying = asyncio.create_task(relay.run())
    # more than was lost: by offsets alone nobody could tell any more
    await accept(relay, 200)
    async with asyncio.timeout(60):
        while await collection.count_documents({"outbox_next_at": {"$exists": True}}):
            await asyncio.sleep(0.2)
    quick, late = Side(connection, mongo, "router", "router"), Side(connection, mongo, "notifier", "notifier")
    async with quick.running(), late.running():
        async with asyncio.timeout(60):
            while (reason := await quick.consuming.check()) is None or "lost its tail" not in reason:
                await asyncio.sleep(0.2)
        assert "suggestions/" in reason
        assert "minsheng events republish" in reason
        missing_before = set(accepted) - set(late.seen)
        assert missing_before, "the drill lost nothing, so it proves nothing"

        counts = await republish(mongo, publisher, CLOCK, since=started_at, per_second=5_000, dry_run=True)
        assert counts == {"suggestions": 350}
        await republish(mongo, publisher, CLOCK, since=started_at, per_second=5_000)
        await until(lambda: set(accepted) <= set(late.seen))
        await until(lambda: set(accepted[150:]) <= set(quick.seen))
        async with asyncio.timeout(30):
            while await quick.consuming.check() is not None:
                await asyncio.sleep(0.2)
    relaying.cancel()
    await publisher.stop()
    mongo.close()
    assert Path(places.state).exists()


async def test_a_log_cut_while_intake_and_router_are_at_work_is_named_by_both_and_nothing_stays_missing(
    own_broker: tuple[str, Places], infrastructure: Infrastructure, tmp_path: Path
) -> None:
    kafka, places = own_broker
    here, started_at, ids = replace(infrastructure, kafka=kafka), CLOCK.now(), list[str]()
    house = RouterHouse(here)
    mongo = Mongo(here.mongo_uri, prefix=house.prefix)
    publisher = Publisher(KafkaConnection(bootstrap_servers=kafka, client_id="drill"))

    async def load(client: httpx2.AsyncClient) -> None:
        while True:
            answer = await client.post("/api/v1/suggestions", json={"text": SIGNALS})
            assert answer.status_code == 202
            ids.append(answer.json()["suggestion_id"])
            await asyncio.sleep(0.03)

    async def both_have_read() -> bool:
        """Who had handled nothing of what is cut away cannot miss it."""
        sides = [mongo.database(name)[MARKS] for name in ("intake_web", "router")]
        return all([await side.count_documents({"topic": "suggestions"}) for side in sides])

    async def decided() -> bool:
        return await house.cases(mongo).count_documents({"_id": {"$in": ids}}) == len(ids)

    async with intake_web(here, house.prefix, tmp_path) as web, house.running() as router:
        desk = httpx2.AsyncClient(transport=httpx2.ASGITransport(router), base_url="http://desk.test")
        loading = asyncio.create_task(load(web))
        await until(lambda: len(ids) > 150)
        async with asyncio.timeout(60):
            while not await both_have_read():
                await asyncio.sleep(0.2)
        with supervisor(Running.load(places).endpoint, timeout=60) as control:
            await asyncio.to_thread(control.stop, "kafka")
            assert cut_logs(places) > 0
            await asyncio.to_thread(control.start, "kafka")
        async with asyncio.timeout(90):
            for client in (desk, web):
                while "lost its tail" not in (await client.get("/health/ready")).text:
                    assert not loading.done(), loading.exception()
                    await asyncio.sleep(0.5)
        loading.cancel()
        await republish(mongo, publisher, CLOCK, since=started_at, per_second=5_000)
        async with asyncio.timeout(90):
            while not await decided():
                await asyncio.sleep(0.5)
            for client in (desk, web):
                while (await client.get("/health/ready")).status_code != 200:
                    await asyncio.sleep(0.5)
        await desk.aclose()
    await publisher.stop()
    mongo.close()
