"""What was made from a recording, by ranges: for the holder of its tracking link, and for the desk by a grant."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from intake_media.domain.jobs import Known
from intake_media.ports.files import Originals
from intake_media.ports.recordings import RecordingStore
from intake_media.ports.residents import ReceiptKeys
from shared.contracts.suggestions import MediaRef
from shared.errors import NotFound

PLAYABLE = ("web-copy", "audio")
SERVED = ("audio", "web-copy", "poster", "captions", "key-frame")
"""Derived files only: an original may hold the place and the device it was recorded with. `playback`: what plays."""
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
PRIVATE = {"Cache-Control": "private, no-store", "Referrer-Policy": "no-referrer"}
HEADERS = {
    **PRIVATE,
    "Accept-Ranges": "bytes",
    "Content-Disposition": "attachment",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}


Granted = Callable[[str, str], str | None]
"""Suggestion that a grant opens for a role; None where it opens nothing."""


def build(
    recordings: RecordingStore,
    originals: Originals,
    receipts: ReceiptKeys,
    *,
    granted: Granted,
    media_url: str,
    desk_origin: str,
) -> APIRouter:
    """Unknown tokens and grants, roles and files that are not made yet are answered alike: 404."""
    routes = APIRouter()
    headers = {**HEADERS, "Cross-Origin-Resource-Policy": resource_policy(media_url)}

    async def served(request: Request, suggestion_id: str | None, role: str) -> Response:
        known = await recordings.find(suggestion_id) if suggestion_id else None
        found = _of_role(known, role)
        if found is None:
            raise NotFound()
        return _answer(request, found, originals, headers)

    @routes.get("/media/{token}/progress", include_in_schema=False)
    async def progress(token: str) -> Response:
        suggestion_id = receipts.suggestion_of(token)
        known = await recordings.find(suggestion_id) if suggestion_id else None
        if known is None:
            raise NotFound()
        return JSONResponse({"state": known.state, "done": known.done, "total": known.total}, headers=PRIVATE)

    @routes.get("/media/{token}/{role}", include_in_schema=False)
    @routes.head("/media/{token}/{role}", include_in_schema=False)
    async def media(request: Request, token: str, role: str) -> Response:
        return await served(request, receipts.suggestion_of(token), role)

    @routes.get("/media/desk/{grant}/{role}", include_in_schema=False)
    @routes.head("/media/desk/{grant}/{role}", include_in_schema=False)
    async def for_desk(request: Request, grant: str, role: str) -> Response:
        answer = await served(request, granted(grant, role), role)
        answer.headers["Vary"] = "Origin"
        if request.headers.get("origin") == desk_origin:  # the site's origin is the middleware's matter
            answer.headers["Access-Control-Allow-Origin"] = desk_origin
        return answer

    return routes


def _of_role(known: Known | None, role: str) -> MediaRef | None:
    if known is None or role not in (*SERVED, "playback"):
        return None
    roles = PLAYABLE if role == "playback" else (role,)
    return next((one for wanted in roles for one in known.media if one.role == wanted), None)


def resource_policy(media_url: str) -> str:
    """The pages live on other origins of the same site; browsers know no site of an address without a domain
    (127.0.0.1, localhost), and would refuse what our own pages play there."""
    host = urlsplit(media_url).hostname or ""
    has_domain = "." in host and not host.replace(".", "").isdigit()
    return "same-site" if has_domain else "cross-origin"


def _answer(request: Request, found: MediaRef, originals: Originals, given: dict[str, str]) -> Response:
    size = found.size_bytes
    asked = request.headers.get("range")
    start, end, status, headers = 0, size, 200, dict(given)
    if asked is not None and (span := _span(asked, size)) is not None:
        start, end = span
        if start >= end:
            return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{size}"})
        status = 206
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    headers["Content-Length"] = str(end - start)
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=found.media_type)
    return StreamingResponse(originals.read(found, start=start, end=end), status, headers, media_type=found.media_type)


def _span(asked: str, size: int) -> tuple[int, int] | None:
    """Start and end (exclusive) of a single byte range; None to answer with the whole."""
    match = _RANGE.fullmatch(asked.strip())
    if match is None or match.group(0) == "bytes=-":
        return None
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(size, int(last) + 1) if last else size
