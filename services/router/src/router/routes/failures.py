"""Errors as pages for people, and the guards around every page: CSP, framing, and forms from elsewhere."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from router.routes.rendering import Pages
from shared.errors import Conflict, Forbidden, MinshengError, NotFound, TransientError

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_AWAY = {
    "database": "The database does not answer; please try again shortly.",
    "broker-away": "Kafka does not answer; please try again shortly.",
    "broker-refuses": "Kafka does not give this page its rights; please have them provisioned again.",
}
_CODES = {"rate-limited": 429, "wrong-password": 403}


def content_policy(media_origin: str) -> str:
    """Everything from ourselves, recordings and their pictures from the media origin, nothing from anywhere else."""
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: {media_origin}; "
        f"media-src {media_origin}; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )


class SignInNeeded(Exception):
    """No session, or one that has ended; the login page comes next."""


def install(app: FastAPI, pages: Pages) -> None:
    """Pages instead of problem documents for those who ask for HTML."""
    documents = dict(app.exception_handlers)

    async def on_sign_in(request: Request, _: Exception) -> Response:
        if not _wants_page(request):
            return PlainTextResponse("sign in at /login", status_code=401)
        return RedirectResponse("/login", status_code=303)

    def page_or_document(kind: type[Exception]) -> None:
        document = documents[kind]

        async def on_error(request: Request, error: Exception) -> Response:
            if not _wants_page(request):
                answer: Response = await document(request, error)  # type: ignore[misc]  # ours are all async; Starlette's type also allows others
                return answer
            status, message = _said(error)
            detail = pages.text(request, message)
            return pages.page(request, "problem.html", account=None, status=status, status_shown=status, detail=detail)

        app.add_exception_handler(kind, on_error)

    app.add_exception_handler(SignInNeeded, on_sign_in)
    for kind in (MinshengError, HTTPException, RequestValidationError, Exception):
        page_or_document(kind)


def _said(error: Exception) -> tuple[int, str]:
    if isinstance(error, MinshengError):
        if error.code in _CODES:
            return _CODES[error.code], str(error)
        kinds = ((NotFound, 404), (Forbidden, 403), (Conflict, 409), (TransientError, 503))
        status = next((number for kind, number in kinds if isinstance(error, kind)), 422)
        return status, str(error) if status != 503 else _AWAY.get(error.code, _AWAY["database"])
    if isinstance(error, HTTPException):
        return error.status_code, "There is no such page." if error.status_code == 404 else "This is not possible here."
    if isinstance(error, RequestValidationError):
        return 422, "The form was not complete."
    return 500, "Something went wrong on our side."


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/")


class Guard:
    """ASGI: security headers on every answer; a POST from another origin is refused before anything reads it."""

    def __init__(self, app: ASGIApp, origin: str | None, media_origin: str) -> None:
        self._app = app
        self._headers = {"Content-Security-Policy": content_policy(media_origin), **HEADERS}
        self._origin = origin.rstrip("/") if origin else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        if scope["method"] not in ("GET", "HEAD", "OPTIONS") and not self._ours(Headers(scope=scope)):
            await PlainTextResponse("refused: the form comes from another site", status_code=403)(
                scope, receive, guarded
            )
            return
        await self._app(scope, receive, guarded)

    def _ours(self, headers: Headers) -> bool:
        origin = headers.get("origin")
        if origin is None:  # browsers name the origin of every POST; what names none is no browser
            return headers.get("sec-fetch-site") in (None, "same-origin", "none")
        if self._origin is not None:
            return origin == self._origin
        return urlsplit(origin).netloc == headers.get("host")
