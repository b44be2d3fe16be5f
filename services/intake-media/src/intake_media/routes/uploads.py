"""`/api/v1/uploads`: resumable uploads (tus 1.0) by tuspyserver, with its traps closed; see `UploadGuard`."""

from __future__ import annotations

import base64
import binascii
import logging
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from tuspyserver import create_tus_router

from intake_media.domain.recording import LANES, RULES, Lane
from intake_media.ports.call_limits import CallLimits
from intake_media.routes.origin import check_origin
from intake_media.routes.upload_completion import Accepting, Completion, Uploads
from shared.contracts.receipt import Receipt

PREFIX = "/api/v1/uploads"
VERSION = "1.0.0"
EXTENSIONS = "creation,expiration,termination"
MAX_BYTES = max(rules.max_bytes for rules in RULES.values())


def build(
    accept: Accepting,
    uploads: Uploads,
    *,
    origins: frozenset[str],
    limits: CallLimits,
    on_accepted: Callable[[Lane], None],
) -> APIRouter:
    """Metadata of an upload: filename, filetype, channel, submission (JSON), optionally language and sha256."""
    # It logs metadata, and with them what a resident said.
    logging.getLogger("tuspyserver").setLevel(logging.CRITICAL + 1)
    completion = Completion(accept, uploads, on_accepted)

    async def admit(request: Request) -> None:
        check_origin(request, origins)
        if request.method == "POST":
            address = request.client.host if request.client else ""
            await limits.admit(address)
            if request.url.path.rstrip("/") == PREFIX:
                await limits.count(_lane_named(request.headers.get("upload-metadata", "")), address)

    routes = APIRouter()

    @routes.options(PREFIX, status_code=204, include_in_schema=False)
    async def capabilities() -> Response:
        headers = {
            "Tus-Resumable": VERSION,
            "Tus-Version": VERSION,
            "Tus-Extension": EXTENSIONS,
            "Tus-Max-Size": str(MAX_BYTES),
        }
        return Response(status_code=204, headers=headers)

    @routes.get(PREFIX + "/{upload_id}/receipt", response_model=Receipt)
    async def receipt(upload_id: str, response: Response) -> Receipt:
        """The receipt of a complete upload."""
        response.headers["Cache-Control"] = "no-store"
        return await completion.receipt(upload_id)

    # Plain functions: the library copies its options in depth at each request, and with them what a method is bound to.
    def check(metadata: Mapping[str, str], upload: Mapping[str, Any]) -> None:
        completion.check(metadata, upload)

    async def complete(location: str, metadata: Mapping[str, str]) -> None:
        await completion.complete(location, metadata)

    # Its annotations say less than it takes: a dependency with a request, coroutines, any storage.
    hooks: dict[str, Any] = {
        "auth": admit,
        "on_upload_complete": complete,
        "pre_create_hook": check,
        "storage": uploads,
    }
    resumable = create_tus_router(
        prefix=PREFIX, files_dir=uploads.files_dir, max_size=MAX_BYTES, days_to_keep=2, **hooks
    )
    routes.include_router(resumable, include_in_schema=False)
    return routes


def _lane_named(metadata: str) -> Lane | None:
    """The channel that `Upload-Metadata` names, None where it is none of ours (the creation is refused then)."""
    for pair in metadata.split(","):
        name, _, value = pair.strip().partition(" ")
        if name == "channel":
            try:
                said = base64.b64decode(value.strip()).decode()
            except (binascii.Error, ValueError):
                return None
            return next((lane for lane in LANES if lane == said.strip()), None)
    return None
