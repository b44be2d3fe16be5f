"""Tracking by query code (typed and posted, never in a URL), and the resident's word on a transcript."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, RedirectResponse, Response

from intake_web.domain.timeline import Timeline
from intake_web.handlers.correct import Correct
from intake_web.handlers.track import Track
from intake_web.routes.answers import TrackingAnswer, answer_of, language_of
from intake_web.routes.guarding import RateLimits, refuse_foreign_form
from intake_web.routes.reading import is_form, read_form, read_json, text_of
from intake_web.routes.site import Site, reader_of
from shared.contracts.model import Moment, Strict
from shared.errors import InvalidInput, NotFound

NO_STORE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


class TrackingQuestion(Strict):
    """What a person types."""

    query_code: str = Field(max_length=200)


class Correction(Strict):
    """`text` replaces the transcript; `confirmed` leaves it as it is. One of code and token says which."""

    query_code: str | None = Field(default=None, max_length=200)
    token: str | None = Field(default=None, max_length=200)
    text: str | None = None
    confirmed: bool = False


class Corrected(BaseModel):
    """What was published."""

    suggestion_id: str
    text: str
    confirmed: bool
    corrected_at: Moment


def build(track: Track, correct: Correct, site: Site, limits: RateLimits) -> APIRouter:
    """Routes of tracking by code, and of corrections."""
    edge = _Edge(track, correct, site, limits)
    routes = APIRouter(tags=["residents"])
    routes.add_api_route("/api/v1/tracking", edge.by_code, methods=["POST"], response_model=TrackingAnswer)
    routes.add_api_route(
        "/api/v1/tracking/correction", edge.correction, methods=["POST"], status_code=202, response_model=Corrected
    )
    return routes


class _Edge:
    def __init__(self, track: Track, correct: Correct, site: Site, limits: RateLimits) -> None:
        self._track = track
        self._correct = correct
        self._site = site
        self._limits = limits

    async def by_code(self, request: Request) -> Response:
        """State and steps of the suggestion that a query code was issued for; any other code: 404."""
        if is_form(request):
            return await self._by_code_form(request)
        question = await read_json(request, TrackingQuestion)
        timeline = await self._found(request, question.query_code)
        answer = answer_of(timeline, self._site.catalogues, language_of(request))
        return JSONResponse(answer.model_dump(mode="json", exclude_none=True), headers=NO_STORE)

    async def correction(self, request: Request) -> Response:
        """Confirm or correct what the machine heard; published as `suggestion.corrected.v1`."""
        if is_form(request):
            return await self._correction_form(request)
        wanted = await read_json(request, Correction)
        if wanted.token is not None:
            timeline = await self._track.by_token(wanted.token)
        elif wanted.query_code is not None:
            timeline = await self._found(request, wanted.query_code)
        else:
            raise InvalidInput("This field is required.", code="missing", pointer="/query_code")
        done = await self._correct(timeline, text=wanted.text, confirmed=wanted.confirmed)
        body = Corrected(**done.model_dump(include={"suggestion_id", "text", "confirmed", "corrected_at"}))
        return JSONResponse(body.model_dump(mode="json"), status_code=202, headers=NO_STORE)

    async def _found(self, request: Request, query_code: str) -> Timeline:
        await self._limits.count("track", request)
        await self._limits.check("miss", request)
        try:
            return await self._track.by_code(query_code)
        except NotFound:
            await self._limits.count("miss", request)
            raise

    async def _by_code_form(self, request: Request) -> Response:
        refuse_foreign_form(request, self._site.web_url)
        form, reader = await read_form(request), reader_of(request)
        try:
            timeline = await self._found(request, text_of(form, "query_code") or "")
        except NotFound as error:
            message = self._site.text(reader, str(error))
            return self._site.page(request, "track.html", status=404, private=True, error=message)
        location = reader.link(f"/t/{self._track.token_of(timeline.suggestion_id)}")
        return RedirectResponse(location, status_code=303, headers=NO_STORE)

    async def _correction_form(self, request: Request) -> Response:
        refuse_foreign_form(request, self._site.web_url)
        form = await read_form(request)
        token, text = text_of(form, "token") or "", form.get("text")
        timeline = await self._track.by_token(token)
        written = text.replace("\r\n", "\n") if isinstance(text, str) else None
        await self._correct(timeline, text=written, confirmed=text_of(form, "confirmed") is not None)
        return RedirectResponse(reader_of(request).link(f"/t/{token}"), status_code=303, headers=NO_STORE)
