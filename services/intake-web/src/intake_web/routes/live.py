"""The tracking page behind the link's token, and its live news (SSE)."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from intake_web.domain.timeline import Timeline
from intake_web.handlers.track import Track
from intake_web.ports import Changes
from intake_web.routes.site import Site, reader_of
from intake_web.routes.timeline_view import view_of
from shared.errors import MinshengError

TICK_S = 1.0
"""How soon a live page notices that the process stops."""
LOOK_EVERY_TICKS = 3
"""News of this process comes at once; that of other processes is looked for this often."""
LOOKS = 200
"""Then the browser connects anew: an answer that never ends holds resources for nobody."""


def build(track: Track, changes: Changes, site: Site) -> APIRouter:
    """Routes of the tracking page; the token is never logged."""
    routes = APIRouter(include_in_schema=False)

    async def genuine(token: str) -> Timeline:
        return await track.by_token(token)

    Genuine = Annotated[Timeline, Depends(genuine)]  # noqa: N806 (an annotation needs the closure)

    @routes.get("/t/{token}")
    async def page(request: Request, token: str, timeline: Genuine) -> Response:
        view = view_of(timeline, site, reader_of(request))
        return site.page(request, "tracking.html", private=True, token=token, view=view)

    @routes.get("/t/{token}/events", response_class=EventSourceResponse)
    async def events(request: Request, token: str, timeline: Genuine) -> AsyncIterator[ServerSentEvent]:
        reader, suggestion_id, shown = reader_of(request), timeline.suggestion_id, -1
        for look in range(LOOKS):
            try:
                timeline = await track.by_token(token) if look else timeline
                known = len(timeline.steps) + len(timeline.notices) + len(timeline.media)
                if known != shown:
                    shown = known
                    html = site.fragment(reader, "_timeline.html", token=token, view=view_of(timeline, site, reader))
                    yield ServerSentEvent(raw_data=html, event="timeline")
            except MinshengError:  # the database is away for a moment: the page stays as it is
                pass
            for _ in range(LOOK_EVERY_TICKS):
                if request.app.state.stopping:
                    return
                if await changes.wait(suggestion_id, TICK_S):
                    break

    return routes
