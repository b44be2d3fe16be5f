"""Composition roots: `api` takes uploads, `worker` transcribes them. Keyword arguments are the test seams."""

from __future__ import annotations

import pkgutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.middleware.cors import CORSMiddleware

from intake_media import ports, subscribers, upkeep
from intake_media.adapters.backbone import Backbone
from intake_media.adapters.call_limits import CallLimits
from intake_media.adapters.decoding import FfmpegDecoder
from intake_media.adapters.derivation import FfmpegDerivation
from intake_media.adapters.engine_slots import EngineSlots
from intake_media.adapters.media_metrics import MediaMetrics
from intake_media.adapters.originals import BlobOriginals
from intake_media.adapters.polite import PoliteSandbox
from intake_media.adapters.probing import FfmpegProbe
from intake_media.adapters.sandbox import Sandbox
from intake_media.adapters.transcriber_process import TranscriberProcess
from intake_media.adapters.upload_folder import UploadFolder
from intake_media.domain.recording import Lane
from intake_media.handlers.accept import Accept
from intake_media.handlers.adopt import Adopt
from intake_media.handlers.copy import MakeCopies
from intake_media.handlers.listen import Listener
from intake_media.handlers.sweep import Sweep
from intake_media.handlers.transcribe import Transcribe
from intake_media.routes import media, queue, recordings, uploads
from intake_media.routes.problem_page import ProblemPages
from intake_media.routes.upload_guard import UploadGuard
from intake_media.settings import Settings, WorkerSettings
from intake_media.whisper_settings import WhisperSettings
from intake_media.worker import Worker
from shared.clock import Clock, SystemClock
from shared.media_grants import DESK, MediaGrants
from shared.receipts import Receipts
from shared.runtime.health import Health
from shared.runtime.problems import Problems
from shared.runtime.serve import Lifespan, build_app
from shared.runtime.towns import DistrictPlaces, load_places
from shared.runtime.translations import load
from shared.storage.blobs import Blobs
from shared.storage.mongo import RESIDENT_TIMEOUT_MS
from shared.storage.vault import Vault

RENEWALS_PER_LEASE = 4
_log = structlog.get_logger(__name__)
UPLOAD_HEADERS = (
    "Idempotency-Key",
    "Content-Type",
    "Tus-Resumable",
    "Upload-Length",
    "Upload-Metadata",
    "Upload-Offset",
    "Upload-Defer-Length",
    "X-HTTP-Method-Override",
)
SHOWN_HEADERS = ("Location", "Tus-Resumable", "Upload-Offset", "Upload-Length", "Upload-Expires", "Retry-After")


@dataclass(frozen=True, kw_only=True)
class Outside:
    """What the API needs beyond this process."""

    recordings: ports.RecordingStore
    jobs: ports.Jobs
    originals: ports.Originals
    contacts: ports.Contacts


def api(
    settings: Settings,
    *,
    clock: Clock | None = None,
    outside: Outside | None = None,
    probe: ports.MediaProbe | None = None,
    places: DistrictPlaces | None = None,
) -> FastAPI:
    """The upload API. With `outside` given (a test's fakes) nothing else is connected to."""
    clock = clock or SystemClock()
    registry, health = CollectorRegistry(), Health()
    metrics = MediaMetrics(registry)
    receipts = Receipts(settings.receipt_key.get_secret_value())
    problems = Problems(load(Path(__file__).parent / "locales"))
    towns = {
        name: town.id
        for town in (places or load_places(settings.district_pack)).towns
        for name in (town.id, town.name_zh, town.name_en, *town.aliases)
    }
    room = (settings.minsheng_state / "uploads").resolve()
    room.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = UploadFolder(room / "unfinished")
    backbone = None
    if outside is None:
        backbone = Backbone(
            settings,
            clock,
            registry,
            health,
            client_id=settings.process_name or "intake-media",
            timeout_ms=RESIDENT_TIMEOUT_MS,
        )
        vault = backbone.mongo.database("vault")["contacts"]
        files = BlobOriginals(Blobs(settings.blobs))
        outside = Outside(
            recordings=backbone.recordings,
            jobs=backbone.recordings,
            originals=files,
            contacts=Vault(vault, clock, key=settings.vault_key.get_secret_value()),
        )
        backbone.consume(subscribers.TOPICS, subscribers.build(Adopt(backbone.recordings)))
        backbone.background("gauges", upkeep.gauges(backbone.recordings, metrics, clock))
        sweep = Sweep(backbone.recordings, files, clock)
        backbone.background("sweeping", upkeep.sweeping(sweep, clock))
        backbone.background("expiry", upkeep.expiry(unfinished, clock))

    accept = Accept(
        recordings=outside.recordings,
        originals=outside.originals,
        contacts=outside.contacts,
        probe=probe or FfmpegProbe(Sandbox(room)),
        receipts=receipts,
        towns=towns,
        clock=clock,
        public_web_url=settings.public_web_url,
    )
    app = build_app(
        title="Minsheng intake-media",
        health=health,
        registry=registry,
        lifespan=_lifespan(backbone),
        problems=problems,
    )
    app.add_middleware(UploadGuard, prefix=uploads.PREFIX, public_url=settings.public_media_url)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=[settings.public_web_url.rstrip("/")],
        allow_methods=["GET", "HEAD", "POST", "PATCH", "DELETE"],
        allow_headers=list(UPLOAD_HEADERS),
        expose_headers=list(SHOWN_HEADERS),
    )
    limits = CallLimits(enabled=settings.rate_limits != "off")
    origins = frozenset(url.rstrip("/") for url in (settings.public_web_url, settings.public_media_url))

    def on_accepted(lane: Lane) -> None:
        metrics.accepted.labels(channel=lane).inc()

    app.include_router(
        recordings.build(
            accept,
            room=room,
            origins=origins,
            limit=limits.check,
            public_web_url=settings.public_web_url,
            pages=ProblemPages(problems, back_url=settings.public_web_url),
            on_accepted=on_accepted,
        )
    )
    app.include_router(uploads.build(accept, unfinished, origins=origins, limit=limits.check, on_accepted=on_accepted))
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


def worker(
    settings: WorkerSettings,
    whisper: WhisperSettings,
    *,
    lane: Lane,
    concurrency: int = 1,
    clock: Clock | None = None,
    transcriber: ports.Transcriber | None = None,
) -> FastAPI:
    """A worker of one lane, as an app that only answers health and metrics while its lifespan does the work."""
    clock = clock or SystemClock()
    registry, health = CollectorRegistry(), Health()
    metrics = MediaMetrics(registry)
    name = settings.process_name or f"worker-{lane}"
    lease = timedelta(seconds=settings.recording_lease_s)
    backbone = Backbone(settings, clock, registry, health, client_id=name, lease=lease)
    room = (settings.minsheng_state / "jobs").resolve()
    room.mkdir(parents=True, exist_ok=True, mode=0o700)
    sandbox, polite = Sandbox(room), PoliteSandbox(room)
    originals = BlobOriginals(Blobs(settings.blobs))
    probe = FfmpegProbe(sandbox)
    process: TranscriberProcess | None = None
    if transcriber is None and settings.transcriber_factory:
        _log.warning("TRANSCRIBER_REPLACED", factory=settings.transcriber_factory)
        transcriber = pkgutil.resolve_name(settings.transcriber_factory)()
    slots = concurrency
    if transcriber is None:
        options = whisper.options(concurrency=concurrency)
        process = TranscriberProcess(options, memory_bytes=whisper.whisper_memory_mb * 1024 * 1024)
        transcriber, slots = process, options.side_by_side
    jobs = backbone.recordings
    work = Worker(
        lane=lane,
        jobs=jobs,
        transcribe=Transcribe(
            jobs=jobs,
            originals=originals,
            probe=probe,
            listener=Listener(probe, FfmpegDecoder(sandbox), EngineSlots(transcriber, slots)),
            derivation=FfmpegDerivation(sandbox),
            private_directory=sandbox.private_directory,
        ),
        copy=MakeCopies(
            jobs=jobs,
            originals=originals,
            probe=probe,
            derivation=FfmpegDerivation(polite),
            private_directory=polite.private_directory,
        )
        if settings.media_copies == "on"
        else None,
        prepare=process.start if process else _nothing,
        clock=clock,
        renew_every_s=settings.recording_lease_s / RENEWALS_PER_LEASE,
        concurrency=concurrency,
        ahead=slots,  # beyond the slots as many as there are decoders: decoded while those before them are transcribed
        on_done=lambda transcript, seconds: metrics.done(lane, transcript, seconds),
        on_returned=lambda code: metrics.returned.labels(channel=lane, code=code).inc(),
    )
    backbone.background("work", work.run)
    if process is not None:
        backbone.at_stop(process.close)
    health.add("worker", work.check)
    return build_app(title=f"Minsheng {name}", health=health, registry=registry, lifespan=_lifespan(backbone))


def _lifespan(backbone: Backbone | None) -> Lifespan:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if backbone is None:
            yield
            return
        async with backbone.running():
            yield

    return lifespan


async def _nothing() -> None:
    return
