"""`POST /api/v1/suggestions`: JSON from programs, forms from pages, one use case."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.responses import JSONResponse, RedirectResponse, Response

from intake_web.domain.suggestion import key_hash
from intake_web.handlers.accept import Accept
from intake_web.handlers.track import Track
from intake_web.routes.guarding import RateLimits, refuse_foreign_form
from intake_web.routes.pages import write_page
from intake_web.routes.reading import is_form, read_form, read_json, submission_of, text_of
from intake_web.routes.site import Site, reader_of
from shared.contracts.receipt import Receipt
from shared.contracts.submissions import TextSubmission
from shared.errors import MinshengError, TransientError
from shared.runtime.problems import RETRY_AFTER_S, Problems
from shared.runtime.translations import choose_language

NO_STORE = {"Cache-Control": "no-store"}


def build(accept: Accept, track: Track, site: Site, limits: RateLimits, problems: Problems) -> APIRouter:
    """Routes of the text intake."""
    routes = APIRouter()

    @routes.post("/api/v1/suggestions", status_code=202, response_model=Receipt, tags=["residents"])
    async def submit(request: Request) -> Response:
        """Leave a suggestion in writing; keep the receipt."""
        await limits.count("submit", request)
        if is_form(request):
            return await _submit_form(request)
        submission = await read_json(request, TextSubmission)
        receipt = await accept(
            submission,
            key=request.headers.get("idempotency-key"),
            language=choose_language(request.headers.get("accept-language")),
        )
        return JSONResponse(receipt.model_dump(mode="json"), status_code=202, headers=NO_STORE)

    async def _submit_form(request: Request) -> Response:
        refuse_foreign_form(request, site.web_url)
        form = await read_form(request)
        reader = reader_of(request)
        values = submission_of(form)
        try:
            submission = TextSubmission.model_validate(values)
            receipt = await accept(submission, key=_form_key(form, values), language=reader.language)
        except ValidationError as error:
            found = RequestValidationError(error.errors(include_url=False, include_input=False))
            return _again(request, form, problems.items(found.errors()), 422)
        except MinshengError as error:  # the page comes back with what was written: nobody types it twice
            items = [{"pointer": error.pointer or "", "code": error.code, "message": str(error)}]
            status = 503 if isinstance(error, TransientError) else 422
            return _again(request, form, items, status)
        location = reader.link(f"/receipt/{track.token_of(receipt.suggestion_id)}")
        return RedirectResponse(location, status_code=303, headers=NO_STORE)

    def _again(request: Request, form: Any, items: list[dict[str, Any]], status: int) -> Response:
        language = reader_of(request).language
        errors = {item["pointer"]: problems.message(language, item) for item in items}
        headers = {"Retry-After": str(RETRY_AFTER_S)} if status == 503 else None
        return write_page(site, request, values=form, errors=errors, status=status, headers=headers)

    return routes


def _form_key(form: Any, values: dict[str, Any]) -> str | None:
    """A page's own key and what was written: a double click is one suggestion, an edited text another."""
    key = text_of(form, "idempotency_key")
    return None if key is None else key_hash(key + json.dumps(values, ensure_ascii=False, sort_keys=True))
