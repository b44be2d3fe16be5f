"""Preferences of a resident: a page by the signed link of a mail, and one-click unsubscribing (RFC 8058)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from jinja2 import Environment
from starlette.responses import HTMLResponse, RedirectResponse, Response

from notifier.domain.letter import Translate
from notifier.handlers import preferences
from notifier.ports import Preference, Wishes
from shared.runtime.translations import choose_language

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


def preference_routes(
    *, wishes: Wishes, environment: Environment, translate: Any, district: Any, base: str
) -> APIRouter:
    """The pages; opening one changes nothing, since mail scanners open every link."""
    routes = APIRouter()
    template = environment.get_template("preferences.html.j2")

    def page(request: Request, token: str, preference: Preference, *, saved: bool) -> Response:
        language = preference.language or choose_language(request.headers.get("accept-language"))
        tr: Translate = translate(language)
        html = template.render(
            tr=tr,
            language=language,
            district=district(language),
            preference=preference,
            token=token,
            saved=saved,
            base=base,
        )
        return HTMLResponse(html, headers=HEADERS | {"Content-Language": language})

    @routes.get("/preferences/{token}", include_in_schema=False)
    async def show(request: Request, token: str, saved: bool = False) -> Response:
        return page(request, token, await preferences.show(token, wishes=wishes), saved=saved)

    @routes.post("/preferences/{token}", include_in_schema=False)
    async def change(token: str, mails: Annotated[str, Form()], language: Annotated[str, Form()]) -> Response:
        await preferences.change(token, mails=mails != "off", language=language, wishes=wishes)
        return RedirectResponse(f"{base}/preferences/{token}?saved=true", 303, headers=HEADERS)

    @routes.get("/preferences/{token}/unsubscribe", include_in_schema=False)
    async def lead_to_page(token: str) -> Response:
        return RedirectResponse(f"{base}/preferences/{token}", 303, headers=HEADERS)

    @routes.post("/preferences/{token}/unsubscribe", include_in_schema=False)
    async def unsubscribe(request: Request, token: str) -> Response:
        # answered in place: mail programs don't follow a redirect of their one-click POST
        return page(request, token, await preferences.unsubscribe(token, wishes=wishes), saved=True)

    return routes
