"""`POST /api/v1/recordings`: one recording in one request, from a page with or without JavaScript, or a program."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.responses import JSONResponse, RedirectResponse

from intake_media.domain.recording import RULES, Lane
from intake_media.handlers.incoming import Incoming
from intake_media.ports.call_limits import CallLimits
from intake_media.routes.multipart import TOO_LARGE, received
from intake_media.routes.origin import check_origin
from intake_media.routes.problem_page import ProblemPages, wants_page
from intake_media.routes.submission_fields import compare_hash, lane_of, submission_of
from shared.contracts.receipt import Receipt
from shared.errors import MinshengError, PermanentError
from shared.runtime.translations import choose_language

ANSWERS: dict[int | str, dict[str, str]] = {
    400: {"description": "The form or its JSON can't be read, or the file is not the one of the `sha256`"},
    403: {"description": "A form from a foreign page"},
    413: {"description": "Too large"},
    415: {"description": "Not the media it says, or none we take"},
    422: {"description": "A field is wrong, the recording is too long, or the key stands for another body"},
    429: {"description": "Too many calls"},
    503: {"description": "Not known to be kept: send it again with the same key"},
    507: {"description": "No room"},
}
FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file", "channel"],
                    "properties": {
                        "file": {"type": "string", "contentMediaType": "application/octet-stream"},
                        "channel": {"enum": ["voice", "video"]},
                        "submission": {
                            "type": "string",
                            "contentMediaType": "application/json",
                            "description": "As for `POST /api/v1/suggestions` of intake-web; `text` is optional.",
                        },
                        "sha256": {"type": "string", "description": "Optional: of the file as it was sent, in hex."},
                    },
                }
            }
        },
    },
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "schema": {"type": "string", "maxLength": 200},
            "description": "Same key and body: same receipt.",
        }
    ],
}


def build(
    accept: Callable[[Incoming], Awaitable[Receipt]],
    *,
    room: Path,
    origins: frozenset[str],
    limits: CallLimits,
    public_web_url: str,
    pages: ProblemPages,
    on_accepted: Callable[[Lane], None],
) -> APIRouter:
    """Uploads are kept in `room` while they are looked at."""
    routes = APIRouter()

    async def take(request: Request) -> Receipt:
        check_origin(request, origins)
        address = request.client.host if request.client else ""
        await limits.admit(address)
        largest = max(rules.max_bytes for rules in RULES.values())
        async with received(request, room, max_bytes=largest) as form:
            try:
                lane = lane_of(form.fields)
            except RequestValidationError:
                await limits.count(None, address)
                raise
            await limits.count(lane, address)
            submission = submission_of(form.fields)
            if form.file is None:
                raise RequestValidationError([{"type": "missing", "loc": ("file",), "msg": ""}])
            if form.file.size_bytes > RULES[lane].max_bytes:
                raise PermanentError(TOO_LARGE, code="too-large", pointer="/file")
            compare_hash(form.fields, form.file.sha256)
            receipt = await accept(
                Incoming(
                    channel=lane,
                    submission=submission,
                    path=form.file.path,
                    size_bytes=form.file.size_bytes,
                    sha256=form.file.sha256,
                    # A page without JavaScript can't set a header; its hidden field keeps a double click single.
                    key=request.headers.get("idempotency-key") or form.fields.get("idempotency_key") or None,
                    language=form.fields.get("lang") or choose_language(request.headers.get("accept-language")),
                )
            )
        on_accepted(lane)
        return receipt

    @routes.post("/api/v1/recordings", status_code=202, response_model=Receipt, responses=ANSWERS, openapi_extra=FORM)
    async def post_recording(request: Request) -> Response:
        if not wants_page(request):
            return JSONResponse(
                (await take(request)).model_dump(mode="json"), 202, headers={"Cache-Control": "no-store"}
            )
        try:
            receipt = await take(request)
        except (MinshengError, RequestValidationError) as error:
            return pages.response(request, error)
        token = receipt.tracking_url.rsplit("/", 1)[-1]
        return RedirectResponse(
            f"{public_web_url.rstrip('/')}/receipt/{token}",
            status_code=303,
            headers={"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"},
        )

    return routes
