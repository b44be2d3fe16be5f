"""The residents' site: home, the three ways to suggest, receipt, help."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Any

import segno
from fastapi import APIRouter, FastAPI, Request
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from intake_web.handlers.track import NOT_FOUND
from intake_web.ports import Receipts
from intake_web.routes.site import ROOT, Site
from shared.errors import MinshengError, NotFound

GIVEN_BY_LINK = ("town", "collection_point_id", "campaign_id", "kind")
"""What a collection point's QR code may fill in beforehand."""


def build(site: Site, receipts: Receipts) -> APIRouter:
    """Routes of the pages."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/")
    async def home(request: Request) -> Response:
        return site.page(request, "home.html")

    @routes.get("/write")
    async def write(request: Request) -> Response:
        return write_page(site, request, values=_given(request.query_params))

    @routes.get("/voice")
    async def voice(request: Request) -> Response:
        return site.page(request, "voice.html", key=new_key(), values=_given(request.query_params))

    @routes.get("/video")
    async def video(request: Request) -> Response:
        return site.page(request, "video.html", key=new_key(), values=_given(request.query_params))

    @routes.get("/track")
    async def track(request: Request) -> Response:
        return site.page(request, "track.html", error=None)

    @routes.get("/help")
    async def guidance(request: Request) -> Response:
        return site.page(request, "help.html")

    @routes.get("/receipt/{token}")
    async def receipt(request: Request, token: str) -> Response:
        suggestion_id = receipts.suggestion_of(token)
        if suggestion_id is None:
            raise NotFound(NOT_FOUND)
        url = f"{site.web_url}/t/{token}"
        return site.page(
            request,
            "receipt.html",
            private=True,
            query_code=receipts.query_code(suggestion_id),
            tracking_url=url,
            token=token,
            qr=segno.make(url, error="m").svg_inline(scale=5, border=2, omitsize=True, dark="#2b2522"),
        )

    @routes.get("/favicon.ico")
    async def icon() -> Response:
        return RedirectResponse("/static/icon.svg", status_code=301)

    return routes


def new_key() -> str:
    """Idempotency key of one form as shown."""
    return secrets.token_urlsafe(18)


def write_page(
    site: Site,
    request: Request,
    *,
    values: Mapping[str, Any],
    errors: Mapping[str, str] | None = None,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> HTMLResponse:
    """The text form; with `errors` (by pointer) it keeps what was written."""
    return site.page(
        request,
        "write.html",
        status=status,
        private=status != 200,
        headers=headers,
        values=values,
        errors=errors or {},
        key=values.get("idempotency_key") or new_key(),
    )


def _given(query: QueryParams) -> dict[str, str]:
    return {name: query[name][:200] for name in GIVEN_BY_LINK if name in query}


def mount_static(app: FastAPI) -> None:
    """Style, scripts and pictures, all our own; the player is the desk's too."""
    app.mount(
        "/static", _Revalidated(directory=ROOT / "static", packages=[("shared.runtime", "static")]), name="static"
    )


class _Revalidated(StaticFiles):
    """Browsers ask each time (304 mostly): scripts that import one another must not be of two versions."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response


def show_errors_as_pages(app: FastAPI, site: Site) -> None:
    """People who follow a wrong link get a page, programs a problem document."""

    def pages_for(kind: type[Exception]) -> None:
        as_problem: Any = app.exception_handlers[kind]

        async def on_error(request: Request, error: Exception) -> Response:
            answer: Response = await as_problem(request, error)
            wanted = "text/html" in request.headers.get("accept", "")
            if not wanted or (request.url.path.startswith("/api/") and request.method != "POST"):
                return answer
            headers = {name: value for name, value in answer.headers.items() if name in ("retry-after", "allow")}
            said = json.loads(bytes(answer.body))
            return site.page(
                request,
                "problem.html",
                status=answer.status_code,
                private=True,
                headers=headers,
                title=said["title"],
                detail=said["detail"] if said["detail"] != said["title"] else "",
            )

        app.add_exception_handler(kind, on_error)

    pages_for(HTTPException)
    pages_for(MinshengError)
