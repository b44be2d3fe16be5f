"""Bodies as they come: JSON validated in one pass, HTML forms turned into the same models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from shared.errors import InvalidInput, PermanentError

Model = TypeVar("Model", bound=BaseModel)
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
MAX_BODY_BYTES = 1_000_000
UNREADABLE_FORM = "The form could not be read."
TOO_LARGE = "What you sent is too large: at most one megabyte."


def is_form(request: Request) -> bool:
    """True for the two encodings that HTML forms use."""
    return _media_type(request) in FORMS


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_json(request: Request, model: type[Model]) -> Model:
    """The body as `model`; 415 for another content type, 400 for unreadable JSON, 422 for a wrong field."""
    media_type = _media_type(request)
    if media_type != "application/json" and not (
        media_type.startswith("application/") and media_type.endswith("+json")
    ):
        raise HTTPException(415)
    try:
        return model.model_validate_json(await _bounded_body(request))
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_url=False, include_input=False)) from None
    except ClientDisconnect:
        raise InvalidInput("The request ended early.", code="unreadable-json") from None


async def _bounded_body(request: Request) -> bytes:
    _refuse_large(request)
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BODY_BYTES:  # sent without a length
            raise PermanentError(TOO_LARGE, code="too-large")
        chunks.append(chunk)
    return b"".join(chunks)


def _refuse_large(request: Request) -> None:
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > MAX_BODY_BYTES:
        raise PermanentError(TOO_LARGE, code="too-large")


async def read_form(request: Request) -> FormData:
    """Fields of an HTML form; files are refused here (recordings go to the media address)."""
    _refuse_large(request)
    if "content-length" not in request.headers:  # browsers always say it; the parser has no bound of its own
        raise InvalidInput(UNREADABLE_FORM, code="unreadable-form")
    try:
        return await request.form(max_files=0, max_fields=50, max_part_size=MAX_BODY_BYTES)
    except HTTPException as error:
        if error.status_code == 400:
            raise InvalidInput(UNREADABLE_FORM, code="unreadable-form") from None
        raise


def text_of(form: Mapping[str, Any], name: str) -> str | None:
    """A field without surrounding space; None when it was left empty."""
    value = form.get(name)
    return value.strip() or None if isinstance(value, str) else None


def submission_of(form: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the text form in the shape of `TextSubmission`; empty ones are left out."""
    raw = form.get("text")
    text = raw.replace("\r\n", "\n") if isinstance(raw, str) else ""
    place = _given({"town": text_of(form, "town"), "text": text_of(form, "place_text")})
    contact = _given({name: text_of(form, name) for name in ("name", "phone", "email")})
    if contact:
        contact |= _given({"language": text_of(form, "lang")})
    plain = {name: text_of(form, name) for name in ("kind", "campaign_id", "collection_point_id", "identity")}
    return {
        "text": text,
        **_given({**plain, "place": place or None, "contact": contact or None}),
        "on_behalf": text_of(form, "on_behalf") is not None,
    }


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
