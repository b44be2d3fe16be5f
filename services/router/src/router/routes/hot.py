"""The desk's pages of hot issues: the list, and one issue with its cases."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from router.handlers.queues import Queues
from router.routes.rendering import Pages
from router.routes.sessions import Sessions


def routes(door: Sessions, pages: Pages, queues: Queues) -> APIRouter:
    """For those who see the whole district."""
    paths = APIRouter(include_in_schema=False)

    @paths.get("/issues")
    async def issues(request: Request) -> Response:
        account = door.account(request)
        found, waiting = await queues.hot_issues(account), await queues.length(account)
        return pages.page(request, "issues.html", account=account, waiting=waiting, issues=found)

    @paths.get("/issues/{issue_id}")
    async def issue(request: Request, issue_id: str) -> Response:
        account = door.account(request)
        view, waiting = await queues.hot_issue(account, issue_id), await queues.length(account)
        return pages.page(request, "issue.html", account=account, waiting=waiting, view=view)

    return paths
