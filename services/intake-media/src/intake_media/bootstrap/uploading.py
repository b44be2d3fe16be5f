"""The API that takes uploads and plays recordings."""

from __future__ import annotations

from pathlib import Path

import structlog
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from intake_media.adapters.call_limits import CallLimits
from intake_media.adapters.media_metrics import MediaMetrics
from intake_media.adapters.media_reader import MediaReader
from intake_media.adapters.probing import LibavProbe
from intake_media.adapters.sandbox import Sandbox
from intake_media.adapters.upload_folder import UploadFolder
from intake_media.bootstrap.cross_origin import allow_site
from intake_media.bootstrap.lifetime import lifespan_of
from intake_media.bootstrap.outside import Outside, connected
from intake_media.domain.recording import Lane
from intake_media.handlers.accept import Accept
from intake_media.ports.media import MediaProbe
from intake_media.routes import media, queue, recordings, uploads
from intake_media.routes.problem_page import ProblemPages
from intake_media.routes.upload_guard import UploadGuard
from intake_media.settings import Settings
from shared.clock import Clock, SystemClock
from shared.media_grants import DESK, MediaGrants
from shared.receipts import Receipts
from shared.runtime.health import Health
from shared.runtime.problems import Problems
from shared.runtime.serve import build_app
from shared.runtime.towns import DistrictPlaces, load_places
from shared.runtime.translations import load

_log = structlog.get_logger(__name__)


def api(
    settings: Settings,
    *,
    clock: Clock | None = None,
    outside: Outside | None = None,
    probe: MediaProbe | None = None,
    places: DistrictPlaces | None = None,
) -> FastAPI:
    """The upload API. With `outside` given (a test's fakes) nothing else is connected to."""
    clock = clock or SystemClock()
    registry, health = CollectorRegistry(), Health()
    metrics = MediaMetrics(registry)
    receipts = Receipts(settings.receipt_key.get_secret_value())
    problems = Problems(load(Path(__file__).parents[1] / "locales"))
    towns = {
        name: town.id
        for town in (places or load_places(settings.district_pack)).towns
        for name in (town.id, town.name_zh, town.name_en, *town.aliases)
    }
    room = (settings.minsheng_state / "uploads").resolve()
    room.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = UploadFolder(room / "unfinished")
    reader = MediaReader(Sandbox(room))
    backbone = None
    if outside is None:
        backbone, outside = connected(
            settings, clock, registry, health, metrics=metrics, unfinished=unfinished, reader=reader
        )

    accept = Accept(
        recordings=outside.recordings,
        originals=outside.originals,
        contacts=outside.contacts,
        probe=probe or LibavProbe(reader),
        receipts=receipts,
        towns=towns,
        clock=clock,
        public_web_url=settings.public_web_url,
    )
    app = build_app(
        title="Minsheng intake-media",
        health=health,
        registry=registry,
        lifespan=lifespan_of(backbone),
        problems=problems,
    )
    app.add_middleware(UploadGuard, prefix=uploads.PREFIX, public_url=settings.public_media_url)
    allow_site(app, public_web_url=settings.public_web_url)
    limits = CallLimits(enabled=settings.rate_limits != "off")
    origins = frozenset(url.rstrip("/") for url in (settings.public_web_url, settings.public_media_url))

    def on_accepted(lane: Lane) -> None:
        metrics.accepted.labels(channel=lane).inc()

    app.include_router(
        recordings.build(
            accept,
            room=room,
            origins=origins,
            limits=limits,
            public_web_url=settings.public_web_url,
            pages=ProblemPages(problems, back_url=settings.public_web_url),
            on_accepted=on_accepted,
        )
    )
    app.include_router(uploads.build(accept, unfinished, origins=origins, limits=limits, on_accepted=on_accepted))
    app.include_router(queue.build(outside.jobs))
    app.include_router(
        media.build(
            outside.recordings,
            outside.originals,
            receipts,
            granted=_granted(settings, clock),
            media_url=settings.public_media_url,
            desk_origin=settings.desk_public_url.rstrip("/"),
        )
    )
    return app


def _granted(settings: Settings, clock: Clock) -> media.Granted:
    """Opens what the desk was granted; without a key nothing."""
    if settings.media_grant_key is None:
        _log.warning("media_grant_key_missing", effect="the desk plays no recording")
        return lambda _grant, _role: None
    grants = MediaGrants(settings.media_grant_key.get_secret_value())
    return lambda grant, role: grants.suggestion_of(grant, role, audience=DESK, now=clock.now())
