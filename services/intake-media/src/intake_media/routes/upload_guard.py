"""Stands before tuspyserver: what it would trust, buffer or advertise wrongly never reaches it."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

IDLE_S = 60.0
FORWARDED = (b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-prefix", b"forwarded")


class UploadGuard:
    """ASGI, for paths under `prefix` only.

    * `Location` is made of the request's own words: scheme and host are set to our public address.
    * A body with the creating POST would be read into memory without limit: refused, as is concatenation, whose
      parts skip the checks of the metadata.
    * A client that sends nothing for a minute has gone: what came so far is kept, the lock is set free.
    """

    def __init__(self, app: ASGIApp, *, prefix: str, public_url: str) -> None:
        self._app = app
        self._prefix = prefix
        parts = urlsplit(public_url)
        self._scheme, self._host = parts.scheme, parts.netloc.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(self._prefix):
            await self._app(scope, receive, send)
            return
        headers = {name.lower(): value for name, value in scope["headers"]}
        method = headers.get(b"x-http-method-override", scope["method"].encode()).strip().upper()
        creating = method == b"POST"
        if creating and (_has_body(headers) or b"upload-concat" in headers or b"upload-defer-length" in headers):
            await _refuse(send)
            return
        kept = [(name, value) for name, value in scope["headers"] if name.lower() not in (*FORWARDED, b"host")]
        scope = {**scope, "scheme": self._scheme, "headers": [*kept, (b"host", self._host)]}
        await self._app(scope, _impatient(receive), send)


def _has_body(headers: dict[bytes, bytes]) -> bool:
    return headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers


def _impatient(receive: Receive) -> Receive:
    async def receive_in_time() -> Message:
        try:
            async with asyncio.timeout(IDLE_S):
                return await receive()
        except TimeoutError:
            return {"type": "http.disconnect"}

    return receive_in_time


async def _refuse(send: Send) -> None:
    body = b'{"type":"urn:minsheng:problem:unsupported","title":"Not supported","status":400,"detail":"'
    body += b'Only plain creation (Upload-Length, no body) is supported.","errors":[]}'
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 400, "headers": headers})
    await send({"type": "http.response.body", "body": body})
