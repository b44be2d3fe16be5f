"""What keeps the edge safe: headers on every answer, forms from our own pages only, limits per address."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Request
from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import Forbidden, Unavailable

FOREIGN_FORM = "This form was not sent from our own page."
TOO_MANY = "Too many requests from your address. Please wait a moment."
LIMITS = {"submit": "240/minute", "track": "900/minute", "miss": "30/minute", "hotline": "6000/minute"}
"""Per address; generous, since a whole collection point may share one. `miss`: wrong query codes."""


def content_policy(media_origin: str) -> str:
    """Everything from ourselves, media also from the media origin, nothing from anywhere else."""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src 'self' data: {media_origin}",
            "font-src 'self'",
            f"media-src 'self' blob: {media_origin}",
            f"connect-src 'self' {media_origin}",
            f"form-action 'self' {media_origin}",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        )
    )


def origin_of(url: str) -> str:
    """`scheme://host[:port]` of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


class SecurityHeaders:
    """ASGI: headers that an answer does not set by itself."""

    def __init__(self, app: ASGIApp, *, media_url: str) -> None:
        self._app = app
        self._headers = [
            (b"content-security-policy", content_policy(origin_of(media_url)).encode()),
            (b"x-content-type-options", b"nosniff"),
            # The origin alone: forms of ours to the media address need it, and no path ever leaves.
            (b"referrer-policy", b"strict-origin"),
            (b"permissions-policy", b"microphone=(self), camera=(self), geolocation=(self)"),
            (b"cross-origin-opener-policy", b"same-origin"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(header for header in self._headers if header[0] not in present),
                ]
            await send(message)

        await self._app(scope, receive, with_headers)


def refuse_foreign_form(request: Request, web_url: str) -> None:
    """403 for a form that another site made the browser send; programs send no such headers and pass."""
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    if site == "cross-site":
        raise Forbidden(FOREIGN_FORM, code="foreign-origin")
    if origin is None or origin == origin_of(web_url):
        return
    if origin == "null":  # our own pages without referrer send this; only the browser can say whose it is
        if site == "same-origin":
            return
    elif urlsplit(origin).netloc == request.headers.get("host"):
        return
    raise Forbidden(FOREIGN_FORM, code="foreign-origin")


class RateLimits:
    """Counts in memory per process and address; nothing is kept or logged."""

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._items: dict[str, RateLimitItem] = {name: parse(text) for name, text in LIMITS.items()}

    async def count(self, name: str, request: Request) -> None:
        """Count one call; 429 beyond the limit."""
        if self._enabled and not await self._limiter.hit(self._items[name], name, _address(request)):
            raise Unavailable(TOO_MANY, code="rate-limited")

    async def check(self, name: str, request: Request) -> None:
        """429 when the limit is used up; counts nothing."""
        if self._enabled and not await self._limiter.test(self._items[name], name, _address(request)):
            raise Unavailable(TOO_MANY, code="rate-limited")


def _address(request: Request) -> str:
    return request.client.host if request.client else "-"
