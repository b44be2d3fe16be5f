"""The desk's pages: review queue, cases, one case with what may be done about it."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, RedirectResponse, Response

from router.domain import access
from router.domain.case import State
from router.domain.district import Account
from router.handlers.queues import PAGE, Queues
from router.ports.cases import Filters
from router.routes import why
from router.routes.playing import Playing
from router.routes.rendering import ROOM, Pages
from router.routes.sessions import Sessions
from shared import runtime
from shared.errors import NotFound

WORDS_MAX = 60
STATIC = (ROOM / "static", Path(runtime.__file__).parent / "static")
"""The desk's own, and the player that it shares with the residents' site."""
_NUMBER = re.compile(r"^[A-Za-z]{1,10}-\d{4}-\d{1,9}$")


def routes(door: Sessions, pages: Pages, queues: Queues, playing: Playing) -> APIRouter:
    """What the desk shows, behind the login."""
    paths = APIRouter(include_in_schema=False)

    async def shown(request: Request, template: str, account: Account, **context: Any) -> Response:
        return pages.page(request, template, account=account, waiting=await queues.length(account), **context)

    @paths.get("/static/{name}")
    async def static(name: str) -> Response:
        path = next((folder / name for folder in STATIC if (folder / name).is_file()), None)
        if path is None or not re.fullmatch(r"[a-z-]+\.(css|svg|js)", name):
            raise NotFound("There is no such page.")
        return FileResponse(path, headers={"Cache-Control": "public, max-age=300"})

    @paths.get("/")
    async def home(request: Request) -> Response:
        account = door.account(request)
        return RedirectResponse("/queue" if access.sees_queue(account) else "/cases?state=assigned", status_code=303)

    @paths.get("/queue")
    async def queue(request: Request, after: str | None = None) -> Response:
        account = door.account(request)
        return await shown(request, "queue.html", account, page=await queues.waiting(account, after=after))

    @paths.get("/cases")
    async def cases(
        request: Request,
        state: str = "",
        unit: str = "",
        town: str = "",
        q: Annotated[str, Query(max_length=WORDS_MAX)] = "",
        before: str | None = None,
    ) -> Response:
        account = door.account(request)
        words = q.strip()
        if _NUMBER.match(words) and (found := await queues.numbered(account, words.upper())):
            return RedirectResponse(f"/cases/{found.suggestion_id}", status_code=303)
        known: Any = state if state in get_args(State) else None
        filters = Filters(state=known, unit=unit or None, town=town or None, words=words or None)
        page = await queues.cases(account, filters, before=before)
        return await shown(request, "cases.html", account, page=page, filters=filters, before=before)

    @paths.get("/examples")
    async def examples(request: Request, before: datetime | None = None) -> Response:
        account = door.account(request)
        found = await queues.lessons(account, before=before)
        return await shown(request, "examples.html", account, cases=found, more=len(found) == PAGE)

    @paths.get("/cases/{suggestion_id}")
    async def case(request: Request, suggestion_id: str) -> Response:
        account = door.account(request)
        view = await queues.case(account, suggestion_id)
        return await shown(
            request,
            "case.html",
            account,
            view=view,
            case=view.case,
            clues=why.clues(view.case.decision),
            pieces=why.pieces(view.case),
            said=why.said,
            rules=pages.rules(),
            player=playing.player(view.case, view.copies) if access.hears(account, view.case) else None,
        )

    @paths.get("/api/v1/cases/{suggestion_id}")
    async def case_document(request: Request, suggestion_id: str) -> dict[str, Any]:
        view = await queues.case(door.account(request), suggestion_id)
        # Not even the reference to a person's data leaves the desk.
        return view.case.model_dump(mode="json", exclude={"suggestion": {"contact_id"}, "processed": True})

    return paths
