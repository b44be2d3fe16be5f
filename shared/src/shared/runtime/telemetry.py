"""JSON logs, W3C trace context, and the process's metrics: one door for all three."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache

import structlog
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Receive, Scope, Send
from structlog.tracebacks import ExceptionDictTransformer

_PROPAGATOR = TraceContextTextMapPropagator()


def configure(process: str, level: str = "INFO") -> None:
    """Log JSON lines to stdout (a supervisor keeps them) and make trace ids; call once per process."""
    processors: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _with_trace,
        structlog.processors.ExceptionRenderer(_bare_traceback),
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=processors,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=level, force=True)
    # Their INFO lines repeat per record or per request; request paths may hold a resident's token.
    for noisy in ("aiokafka", "uvicorn.access", "httpx2", "faststream", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*processors, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        # Ids alone, carried on by logs and records: nobody collects spans here, so nobody pays for making them.
        trace.set_tracer_provider(TracerProvider(sampler=ALWAYS_OFF))


_TRACEBACK = ExceptionDictTransformer(show_locals=False)


def _bare_traceback(exc_info: structlog.typing.ExcInfo) -> list[dict[str, object]]:
    """Kinds of error and places in the code: local variables and messages may hold what a resident wrote."""
    return [
        {
            "exc_type": one["exc_type"],
            "frames": [f"{frame['filename']}:{frame['lineno']} {frame['name']}" for frame in one["frames"]],
        }
        for one in _TRACEBACK(exc_info)
    ]


def _with_trace(_logger: object, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        event["trace_id"] = f"{span.trace_id:032x}"
    return event


@lru_cache(maxsize=1)
def _tracer() -> trace.Tracer:
    return trace.get_tracer("minsheng")


def current_traceparent() -> str:
    """The `traceparent` of the work under way; a new trace where none is."""
    carrier: dict[str, str] = {}
    if trace.get_current_span().get_span_context().is_valid:
        _PROPAGATOR.inject(carrier)
    else:
        with _tracer().start_as_current_span("minsheng"):
            _PROPAGATOR.inject(carrier)
    return carrier.get("traceparent", "")


@contextmanager
def traced(name: str, traceparent: str | None) -> Iterator[None]:
    """Do work as a child of the trace that came in (a record's header, a request's)."""
    parent = _PROPAGATOR.extract({"traceparent": traceparent} if traceparent else {})
    token = otel_context.attach(parent)
    try:
        with _tracer().start_as_current_span(name):
            yield
    finally:
        otel_context.detach(token)


class TraceMiddleware:
    """ASGI: every request works inside a span, continuing the caller's trace."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers: Mapping[bytes, bytes] = dict(scope["headers"])
        # The route, never the path: a path may be a resident's tracking link.
        with traced(f"HTTP {scope['method']}", headers.get(b"traceparent", b"").decode("latin-1")):
            await self._app(scope, receive, send)
