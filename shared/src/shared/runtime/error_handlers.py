"""Which error leaves with which HTTP status, as a problem document, never with a stack trace."""

from __future__ import annotations

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from shared import errors
from shared.runtime.problems import Problems

_log = structlog.get_logger(__name__)

STATUS: tuple[tuple[type[errors.MinshengError], int], ...] = (
    (errors.NotFound, 404),
    (errors.Forbidden, 403),
    (errors.Conflict, 422),
    (errors.InvalidInput, 422),
    (errors.StorageFull, 507),
    (errors.TransientError, 503),
    (errors.PermanentError, 422),
)
STATUS_OF_CODE = {
    "too-large": 413,
    "not-media": 415,
    "unsupported-format": 415,
    "no-audio-track": 415,
    "rate-limited": 429,
    "unauthorised": 401,
    "unreadable-json": 400,
    "unreadable-form": 400,
    "hash-mismatch": 400,
}


def install(app: FastAPI, problems: Problems) -> None:
    """Register the handlers, so that every error of `app` leaves as a problem document."""

    async def on_own(request: Request, error: Exception) -> Response:
        assert isinstance(error, errors.MinshengError)
        status = STATUS_OF_CODE.get(error.code) or next(
            (number for kind, number in STATUS if isinstance(error, kind)), 500
        )
        if status >= 500:
            _log.warning("request_failed", code=error.code, status=status, error_type=type(error).__name__)
        items = (
            [{"pointer": error.pointer, "code": error.code, "message": str(error)}] if error.pointer is not None else []
        )
        headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
        return problems.response(request, status, str(error), code=error.code, items=items, headers=headers)

    async def on_invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        found = error.errors()
        if any(one["type"] == "json_invalid" for one in found):
            return problems.response(request, 400, "The JSON could not be read.", code="unreadable-json")
        return problems.response(request, 422, code="invalid", items=problems.items(found))

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        headers = dict(error.headers or {})
        return problems.response(request, error.status_code, headers=headers)

    async def on_bug(request: Request, error: Exception) -> Response:
        _log.error("unexpected_error", error_type=type(error).__name__, exc_info=error)
        return problems.response(request, 500, code="internal")

    app.add_exception_handler(errors.MinshengError, on_own)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(Exception, on_bug)
