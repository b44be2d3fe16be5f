"""Composition root: settings in, a FastAPI app with its background work out. Keyword arguments are the test seams."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from intake_web import ports, subscribers
from intake_web.adapters.changes import LocalChanges
from intake_web.adapters.connections import Connections
from intake_web.adapters.identities import UlidIdentities
from intake_web.adapters.pack_places import PackPlaces
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
from shared.receipts import Receipts
from shared.runtime.health import Health
from shared.runtime.problems import Problems
from shared.runtime.serve import build_app
from shared.runtime.towns import load_places

GROUP = "intake-web"
PROJECTED_AT_ONCE = 16
"""Facts of one write. The tracking view may be a moment late: taking in what residents send has the right of way to
the database, and waits for one of these writes at most."""


@dataclass(frozen=True, kw_only=True)
class Outside:
    """Everything beyond this process that the use cases ask."""

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
    connections = None if outside else _connections(settings, clock, registry, health, group)
    if outside is None:
        assert connections is not None
        outside = Outside(
            suggestions=connections.suggestions,
            tracking=connections.tracking,
            acts=connections.acts,
            contacts=connections.contacts,
            recordings=connections.recordings,
            hotlines=connections.hotlines,
        )

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
    if connections:
        project = subscribers.projection(Project(connections.projected, receipts, changes))
        connections.consume(subscribers.PROJECTED, project, concurrent_keys=PROJECTED_AT_ONCE, gather=True)
        work_orders = subscribers.hotlines(normalise)
        connections.consume(subscribers.HOTLINES, work_orders, accept=subscribers.HOTLINE_TYPES)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with connections.running() if connections else _nothing():
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


def _connections(
    settings: Settings, clock: Clock, registry: CollectorRegistry, health: Health, group: str
) -> Connections:
    key = settings.vault_key.get_secret_value()
    name = settings.process_name or GROUP
    return Connections(settings, clock, registry, health, vault_key=key, client_id=name, group=group)
