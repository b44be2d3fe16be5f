"""From the command line to a running process: the API, or a worker of one channel."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence

from intake_media import bootstrap
from intake_media.domain.recording import LANES
from intake_media.settings import Settings, WorkerSettings
from intake_media.whisper_settings import WhisperSettings
from shared.runtime import serve, telemetry


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m intake_media", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("serve", help="the upload API (the default)")
    working = commands.add_parser("worker", help="transcribe the recordings of one channel")
    working.add_argument("--channel", required=True, choices=LANES)
    working.add_argument("--concurrency", type=int, default=1, help="recordings side by side (one core each)")
    given = parser.parse_args(argv)
    if given.command == "worker":
        if given.concurrency < 1:
            working.error("--concurrency must be at least 1")
        return _work(given)
    settings = Settings()  # type: ignore[call-arg]  # from the environment
    name = settings.process_name or "intake-media"
    telemetry.configure(name, settings.log_level)
    port = settings.intake_media_port
    app = bootstrap.api(settings)
    asyncio.run(
        serve.serve(app, state=settings.minsheng_state, name=name, kind="service", host=settings.host, port=port)
    )
    return 0


def _work(given: argparse.Namespace) -> int:
    settings = WorkerSettings()
    name = settings.process_name or f"worker-{given.channel}"
    telemetry.configure(name, settings.log_level)
    app = bootstrap.worker(settings, WhisperSettings(), lane=given.channel, concurrency=given.concurrency)
    port = settings.worker_port
    asyncio.run(
        serve.serve(app, state=settings.minsheng_state, name=name, kind="worker", host=settings.host, port=port)
    )
    return 0
