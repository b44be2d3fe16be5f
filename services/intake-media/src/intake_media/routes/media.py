"""`GET /media/{token}/{role}`: what belongs to a suggestion, for the holder of its tracking link, by ranges."""

from __future__ import annotations

import re

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from intake_media.domain.jobs import Known
from intake_media.ports import Originals, ReceiptKeys, RecordingStore
from shared.contracts.suggestions import MediaRef
from shared.errors import NotFound

PLAYABLE = ("web-copy", "audio")
SERVED = ("audio", "web-copy", "poster", "captions", "key-frame")
"""Derived files only: an original may hold the place and the device it was recorded with. `playback`: what plays."""
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
HEADERS = {
    "Accept-Ranges": "bytes",
    "Cache-Control": "private, no-store",
    "Content-Disposition": "attachment",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    # The tracking page lives on the other origin and plays it there.
    "Cross-Origin-Resource-Policy": "same-site",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def build(recordings: RecordingStore, originals: Originals, receipts: ReceiptKeys) -> APIRouter:
    """Unknown tokens, roles and files that are not made yet are answered alike: 404."""
    routes = APIRouter()

    @routes.get("/media/{token}/{role}", include_in_schema=False)
    @routes.head("/media/{token}/{role}", include_in_schema=False)
    async def media(request: Request, token: str, role: str) -> Response:
        suggestion_id = receipts.suggestion_of(token)
        known = await recordings.find(suggestion_id) if suggestion_id else None
        found = _of_role(known, role)
        if found is None:
            raise NotFound()
        return _answer(request, found, originals)

    return routes


def _of_role(known: Known | None, role: str) -> MediaRef | None:
    if known is None or role not in (*SERVED, "playback"):
        return None
    roles = PLAYABLE if role == "playback" else (role,)
    return next((one for wanted in roles for one in known.media if one.role == wanted), None)


def _answer(request: Request, found: MediaRef, originals: Originals) -> Response:
    size = found.size_bytes
    asked = request.headers.get("range")
    start, end, status, headers = 0, size, 200, dict(HEADERS)
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
