"""Composition root: settings in, a FastAPI app with its background work out. Keyword arguments are the test seams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from intake_web import ports, subscribers
from intake_web.adapters.act_store import MongoActs
from intake_web.adapters.changes import LocalChanges
from intake_web.adapters.hotline_store import MongoHotlines
from intake_web.adapters.identities import UlidIdentities
from intake_web.adapters.pack_places import PackPlaces
from intake_web.adapters.suggestion_store import MongoSuggestions
from intake_web.adapters.tracking_store import MongoTracking
from intake_web.handlers.accept import Accept
from intake_web.handlers.correct import Correct
from intake_web.handlers.hotline_door import HotlineDoor
from intake_web.handlers.normalise_hotline import NormaliseHotline
from intake_web.handlers.project import Project
from intake_web.handlers.track import Track
from intake_web.routes import hotline, live, openapi, pages, suggestions, tracking
from intake_web.routes.guarding import RateLimits, SecurityHeaders
from intake_web.routes.site import Site
from intake_web.settings import Settings
from shared.clock import Clock, SystemClock
from shared.messaging.broker import build_broker
from shared.messaging.connection import KafkaConnection
from shared.messaging.consuming import Consuming
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.delivery import Delivery
from shared.messaging.metrics import DeliveryMetrics
from shared.messaging.provisioning import verify
from shared.messaging.publishing import Publisher
from shared.messaging.relay import Relay
from shared.receipts import Receipts
from shared.runtime.health import Health
from shared.runtime.problems import Problems
from shared.runtime.serve import build_app
from shared.runtime.startup import Startup
from shared.runtime.towns import load_places
from shared.storage.blobs import Blobs
from shared.storage.marks import MarkStore
from shared.storage.mongo import RESIDENT_TIMEOUT_MS, Mongo
from shared.storage.outbox import OutboxStore
from shared.storage.vault import Vault

_log = structlog.get_logger(__name__)
GROUP = "intake-web"


@dataclass(frozen=True, kw_only=True)
class Outside:
    """Everything beyond this process: stores, and the work that goes on in the background."""

    suggestions: ports.Suggestions
    tracking: ports.Tracking
    acts: ports.Acts
    contacts: ports.Contacts
    recordings: ports.Recordings
    hotlines: ports.HotlineAccesses | None = None
    """None: only the hotlines of the pack and of `HOTLINE_TOKENS`."""


def bootstrap(
    settings: Settings, *, clock: Clock | None = None, outside: Outside | None = None, group: str = GROUP
) -> FastAPI:
    """The app, consuming as `group`. With `outside` given (fakes of a test) nothing else is connected to."""
    clock = clock or SystemClock()
    registry, health = CollectorRegistry(), Health()
    pack = load_places(settings.district_pack)
    site = Site(pack, web_url=settings.public_web_url, media_url=settings.public_media_url)
    problems = Problems(site.catalogues)
    places, identities = PackPlaces(pack, settings.tokens), UlidIdentities()
    receipts = Receipts(settings.receipt_key.get_secret_value())
    changes = LocalChanges()
    connected = None if outside else _Connected(settings, clock, registry, health, group)
    outside = outside or (connected.outside if connected else None)
    assert outside is not None

    url = settings.public_web_url
    accept = Accept(outside.suggestions, outside.contacts, receipts, places, identities, clock, web_url=url)
    door = HotlineDoor(settings.tokens, outside.hotlines, clock)
    normalise = NormaliseHotline(
        outside.suggestions,
        outside.contacts,
        receipts,
        places,
        identities,
        outside.recordings,
        web_url=url,
        others=door,
    )
    track = Track(outside.tracking, outside.suggestions, receipts)
    correct = Correct(outside.acts, outside.tracking, clock)
    if connected:
        connected.consume(normalise, Project(connected.projected, receipts, changes))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with connected.running() if connected else _nothing():
            yield

    app = build_app(
        title="Minsheng intake-web",
        health=health,
        registry=registry,
        lifespan=lifespan,
        problems=problems,
    )
    app.state.stopping = False
    app.add_middleware(SecurityHeaders, media_url=settings.public_media_url)
    limits = RateLimits(enabled=settings.rate_limits != "off")
    app.include_router(suggestions.build(accept, track, site, limits, problems))
    app.include_router(tracking.build(track, correct, site, limits))
    app.include_router(live.build(track, changes, site))
    app.include_router(hotline.build(normalise, door, limits))
    app.include_router(pages.build(site, receipts))
    pages.mount_static(app)
    pages.show_errors_as_pages(app, site)
    openapi.describe_bodies(app)
    return app


@asynccontextmanager
async def _nothing() -> AsyncIterator[None]:
    yield


PROJECTED_AT_ONCE = 16
"""Facts of one write. The tracking view may be a moment late: taking in what residents send has the right of way to
the database, and waits for one of these writes at most."""


class _Connected:
    """The real outside: Mongo, Kafka, blobs, and the tasks that work with them."""

    def __init__(
        self, settings: Settings, clock: Clock, registry: CollectorRegistry, health: Health, group: str
    ) -> None:
        self._clock = clock
        self._metrics = DeliveryMetrics(registry)
        uri, prefix = settings.mongodb_uri.get_secret_value(), settings.mongodb_database_prefix
        self._mongo = Mongo(uri, prefix=prefix, timeout_ms=RESIDENT_TIMEOUT_MS)
        self._background = Mongo(uri, prefix=prefix)
        database, patient = self._mongo.database("intake_web"), self._background.database("intake_web")
        self._connection = KafkaConnection(
            bootstrap_servers=settings.kafka_bootstrap_servers,
            client_id=settings.process_name or GROUP,
            username=settings.kafka_username,
            password=settings.kafka_password.get_secret_value() if settings.kafka_password else None,
        )
        self._publisher = Publisher(self._connection)
        self._relays = [
            Relay(OutboxStore(patient[name], clock), self._publisher, clock, self._metrics, name=name)
            for name in ("suggestions", "acts")
        ]
        self._suggestions = MongoSuggestions(database["suggestions"], clock, self._relays[0].nudge)
        self._acts = MongoActs(database["acts"], clock, self._relays[1].nudge)
        self._tracking = MongoTracking(database["facts"])
        self.projected = MongoTracking(patient["facts"])
        """The same view, written without a resident waiting."""
        self._hotlines = MongoHotlines(database["hotline_tokens"])
        self.outside = Outside(
            suggestions=self._suggestions,
            tracking=self._tracking,
            acts=self._acts,
            contacts=Vault(self._mongo.database("vault")["contacts"], clock, key=settings.vault_key.get_secret_value()),
            recordings=Blobs(settings.blobs),
            hotlines=self._hotlines,
        )
        self._consuming = Consuming(
            build_broker(self._connection),
            group=group,
            clock=clock,
            metrics=self._metrics,
            marks=MarkStore(patient),
        )
        self._startup = Startup(clock)
        self._tasks: list[asyncio.Task[None]] = []
        health.add("database", self._mongo.check)
        health.add("broker", self._publisher.check)
        for name, relay in zip(("relay", "relay of acts"), self._relays, strict=True):
            health.add(name, relay.check)
        health.add("consuming", self._consuming.check)
        health.add("tasks", self._check)

    def consume(self, normalise: NormaliseHotline, project: Project) -> None:
        """Attach the use cases to their topics."""
        dead_letters = DeadLetters(self._publisher, self._clock)
        projection = Delivery(
            subscribers.projection(project),
            dead_letters,
            self._clock,
            self._metrics,
            concurrent_keys=PROJECTED_AT_ONCE,
        )
        work_orders = Delivery(
            subscribers.hotlines(normalise),
            dead_letters,
            self._clock,
            self._metrics,
            accept=subscribers.HOTLINE_TYPES,
        )
        self._consuming.add(subscribers.PROJECTED, projection, gather=True)
        self._consuming.add(subscribers.HOTLINES, work_orders)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Background work while the app serves; the stop is bounded."""
        self._tasks = [asyncio.create_task(self._prepare(), name="prepare")]
        self._tasks += [asyncio.create_task(relay.run(), name="relay") for relay in self._relays]
        try:
            yield
        finally:
            await self._consuming.stop()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._publisher.stop()
            self._mongo.close()
            self._background.close()

    async def _prepare(self) -> None:
        """Database first (accepting needs its indexes), then topics, then consume; each retried until it is there."""
        await self._startup.until_done("database", self._indexes)
        await self._startup.until_done("topics", lambda: verify(self._connection))
        self._startup.finish()
        await self._consuming.run()

    async def _indexes(self) -> None:
        await self._suggestions.prepare()
        await self._tracking.prepare()
        await self._acts.prepare()
        await self._hotlines.prepare()

    async def _check(self) -> str | None:
        if self._startup.waiting:
            return self._startup.waiting
        ended = [task.get_name() for task in self._tasks if task.done()]
        return f"ended: {', '.join(ended)}" if ended else None
