"""What the API needs beyond this process, connected, with the work that it does beside answering."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from intake_media import subscribers, upkeep
from intake_media.adapters.backbone import Backbone
from intake_media.adapters.media_metrics import MediaMetrics
from intake_media.adapters.media_reader import MediaReader
from intake_media.adapters.originals import BlobOriginals
from intake_media.adapters.upload_folder import UploadFolder
from intake_media.handlers.adopt import Adopt
from intake_media.handlers.sweep import Sweep
from intake_media.ports.files import Originals
from intake_media.ports.jobs import Jobs
from intake_media.ports.recordings import RecordingStore
from intake_media.ports.residents import Contacts
from intake_media.settings import Settings
from shared.clock import Clock
from shared.runtime.health import Health
from shared.storage.blobs import Blobs
from shared.storage.mongo import RESIDENT_TIMEOUT_MS
from shared.storage.vault import Vault


@dataclass(frozen=True, kw_only=True)
class Outside:
    """Stores of recordings, files and contacts; a test gives its fakes."""

    recordings: RecordingStore
    jobs: Jobs
    originals: Originals
    contacts: Contacts


def connected(
    settings: Settings,
    clock: Clock,
    registry: CollectorRegistry,
    health: Health,
    *,
    metrics: MediaMetrics,
    unfinished: UploadFolder,
    reader: MediaReader,
) -> tuple[Backbone, Outside]:
    """The real ones, and the backbone that keeps them; it connects once it runs, and closes `reader` at its stop."""
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
        jobs=backbone.jobs,
        originals=files,
        contacts=Vault(vault, clock, key=settings.vault_key.get_secret_value()),
    )
    backbone.consume(subscribers.TOPICS, subscribers.build(Adopt(backbone.recordings)))
    backbone.background("gauges", upkeep.gauges(backbone.jobs, metrics, clock))
    sweep = Sweep(backbone.recordings, files, clock)
    backbone.background("sweeping", upkeep.sweeping(sweep, clock))
    backbone.background("expiry", upkeep.expiry(unfinished, clock))
    backbone.at_stop(reader.close)
    return backbone, outside
