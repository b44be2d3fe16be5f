"""A worker of one lane."""

from __future__ import annotations

import pkgutil
from datetime import timedelta

import structlog
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from intake_media.adapters.backbone import Backbone
from intake_media.adapters.decoding import LibavDecoder
from intake_media.adapters.derivation import FfmpegDerivation
from intake_media.adapters.engine_slots import EngineSlots
from intake_media.adapters.media_metrics import MediaMetrics
from intake_media.adapters.media_reader import MediaReader
from intake_media.adapters.originals import BlobOriginals
from intake_media.adapters.polite import PoliteSandbox
from intake_media.adapters.probing import LibavProbe
from intake_media.adapters.sandbox import Sandbox
from intake_media.adapters.transcriber_process import TranscriberProcess
from intake_media.bootstrap.lifetime import lifespan_of
from intake_media.domain.recording import Lane
from intake_media.handlers.copy import MakeCopies
from intake_media.handlers.listen import Listener
from intake_media.handlers.transcribe import Transcribe
from intake_media.ports.speech import Transcriber
from intake_media.settings import WorkerSettings
from intake_media.whisper_settings import WhisperSettings
from intake_media.worker.loop import Worker
from shared.clock import Clock, SystemClock
from shared.runtime.health import Health
from shared.runtime.serve import build_app
from shared.storage.blobs import Blobs

RENEWALS_PER_LEASE = 4
_log = structlog.get_logger(__name__)


def worker(
    settings: WorkerSettings,
    whisper: WhisperSettings,
    *,
    lane: Lane,
    concurrency: int = 1,
    clock: Clock | None = None,
    transcriber: Transcriber | None = None,
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
    reader = MediaReader(sandbox)
    probe = LibavProbe(reader)
    process: TranscriberProcess | None = None
    if transcriber is None and settings.transcriber_factory:
        _log.warning("TRANSCRIBER_REPLACED", factory=settings.transcriber_factory)
        transcriber = pkgutil.resolve_name(settings.transcriber_factory)()
    slots = concurrency
    if transcriber is None:
        options = whisper.options(concurrency=concurrency)
        process = TranscriberProcess(options, memory_bytes=whisper.whisper_memory_mb * 1024 * 1024)
        transcriber, slots = process, options.side_by_side
    jobs = backbone.jobs
    work = Worker(
        lane=lane,
        jobs=jobs,
        transcribe=Transcribe(
            jobs=jobs,
            originals=originals,
            probe=probe,
            listener=Listener(probe, LibavDecoder(reader), EngineSlots(transcriber, slots)),
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
    backbone.at_stop(reader.close)
    if process is not None:
        backbone.at_stop(process.close)
    health.add("worker", work.check)
    return build_app(title=f"Minsheng {name}", health=health, registry=registry, lifespan=lifespan_of(backbone))


async def _nothing() -> None:
    return
