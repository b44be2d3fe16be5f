"""`POST /api/v1/hotline/submissions`: work orders over HTTP, for hotlines that hold a token."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from intake_web.handlers.hotline_door import HotlineDoor
from intake_web.handlers.normalise_hotline import NormaliseHotline
from intake_web.routes.guarding import RateLimits
from intake_web.routes.reading import read_json
from shared.contracts.hotline import HotlineSubmitted
from shared.errors import Forbidden, PermanentError

NO_TOKEN = "A valid token is needed"  # noqa: S105 (a message)
NOT_YOURS = "This token belongs to another hotline."


class HotlineAccepted(BaseModel):
    """Where the work order went; a repeat gets the same answer."""

    event_id: str
    suggestion_id: str


def build(normalise: NormaliseHotline, door: HotlineDoor, limits: RateLimits) -> APIRouter:
    """The one route of hotlines."""
    routes = APIRouter()

    @routes.post("/api/v1/hotline/submissions", status_code=202, response_model=HotlineAccepted, tags=["hotlines"])
    async def submit(request: Request) -> Response:
        """Publish a work order: the data of `hotline.submitted.v1`."""
        await limits.count("hotline", request)
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        name = await door.holder(token.strip()) if scheme.lower() == "bearer" else None
        if name is None:
            raise PermanentError(NO_TOKEN, code="unauthorised")
        order = await read_json(request, HotlineSubmitted)
        if order.source != name:
            raise Forbidden(NOT_YOURS, code="foreign-source", pointer="/source")
        done = await normalise(order, causation_id=None)
        return JSONResponse({"event_id": done.event_id, "suggestion_id": done.suggestion_id}, status_code=202)

    return routes
