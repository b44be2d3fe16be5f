"""One door for every process: the app with health, metrics and errors, the announcement, and uvicorn."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI, Response
from fastapi.telemetry import TelemetryConfig
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.responses import JSONResponse

from shared.runtime import error_handlers
from shared.runtime.health import Health
from shared.runtime.problems import Problems
from shared.runtime.telemetry import TraceMiddleware

GRACEFUL_STOP_S = 8
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def build_app(
    *,
    title: str,
    health: Health,
    registry: CollectorRegistry,
    lifespan: Lifespan,
    problems: Problems | None = None,
    **options: Any,
) -> FastAPI:
    """A FastAPI app that answers `/health/live`, `/health/ready`, `/metrics` and problem+json like all others."""
    quiet = TelemetryConfig(tracing=False, metrics=False, logs=False)  # ours below names routes, never paths
    app = FastAPI(title=title, lifespan=lifespan, docs_url=None, redoc_url=None, telemetry=quiet, **options)
    app.add_middleware(TraceMiddleware)
    error_handlers.install(app, problems or Problems())

    @app.get("/health/live", include_in_schema=False)
    async def live() -> dict[str, str]:
        return {"status": "live"}

    @app.get("/health/ready", include_in_schema=False)
    async def ready() -> Response:
        findings = await health.findings()
        body = {
            "ready": all(finding.ok for finding in findings),
            "reasons": [f"{finding.check}: {finding.reason}" for finding in findings if not finding.ok],
            "checks": {finding.check: finding.ok for finding in findings},
        }
        return JSONResponse(body, status_code=200 if body["ready"] else 503)

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return app


@asynccontextmanager
async def announced(state: Path, *, name: str, kind: str, url: str) -> AsyncIterator[None]:
    """Write `<state>/run/<name>-<pid>.json` while the process runs: how `minsheng status` finds it."""
    folder = state / "run"
    folder.mkdir(parents=True, exist_ok=True)
    pid = os.getpid()
    path = folder / f"{name}-{pid}.json"
    number = os.environ.get("PROCESS_NUMBER", "")
    process = f"{name}-{number}" if number else name
    path.write_text(json.dumps({"name": name, "kind": kind, "process": process, "pid": pid, "url": url}))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run a process to its end, on the faster event loop where there is one."""
    try:
        from uvloop import new_event_loop
    except ImportError:
        asyncio.run(work)
        return
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(work)


async def serve(app: FastAPI, *, state: Path, name: str, kind: str, host: str, port: int) -> None:
    """Serve `app` until SIGTERM or SIGINT; port 0 takes a free one. The stop is bounded."""
    listener = socket.create_server((host, port), backlog=512)
    address = f"http://{host}:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACEFUL_STOP_S,
        lifespan="on",
    )
    async with announced(state, name=name, kind=kind, url=address):
        await _Server(config, app).serve(sockets=[listener])


class _Server(uvicorn.Server):
    """Tells the app of the stop (`app.state.stopping`), so that endless answers (live pages) end by themselves.

    uvicorn would raise the signal again once it has stopped; that skips what `serve` still has to tidy up.
    """

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app
        app.state.stopping = False

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._app.state.stopping = True
        super().handle_exit(sig, frame)
