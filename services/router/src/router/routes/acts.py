"""What people do at the desk: plain forms, each answered by the case's page (303)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from router.handlers.act import Act
from router.handlers.correct import CorrectTranscript
from router.routes.sessions import Sessions

Text = Annotated[str, Form()]
Version = Annotated[int, Form()]
"""Of the case as the page showed it."""


def routes(door: Sessions, act: Act, correct: CorrectTranscript) -> APIRouter:
    """Assign, decline, resolve, correct what was heard, acknowledge, merge, dismiss."""
    paths = APIRouter(include_in_schema=False)

    @paths.post("/cases/{suggestion_id}/assign")
    async def assign(
        request: Request,
        suggestion_id: str,
        version: Version,
        unit: Text = "",
        co_unit: Annotated[list[str] | None, Form()] = None,
        class_id: Text = "",
        reason: Text = "",
    ) -> Response:
        await act.assign(
            door.account(request),
            suggestion_id,
            version,
            unit=unit,
            co_units=[one for one in co_unit or () if one],
            class_id=class_id or None,
            reason=reason,
        )
        return _back(suggestion_id)

    @paths.post("/cases/{suggestion_id}/decline")
    async def decline(
        request: Request, suggestion_id: str, version: Version, ground: Text = "", reason: Text = ""
    ) -> Response:
        await act.decline(door.account(request), suggestion_id, version, ground=ground, reason=reason)
        return _back(suggestion_id)

    @paths.post("/cases/{suggestion_id}/resolve")
    async def resolve(
        request: Request,
        suggestion_id: str,
        version: Version,
        outcome: Text = "",
        answer: Text = "",
        reason: Text = "",
    ) -> Response:
        await act.resolve(door.account(request), suggestion_id, version, outcome=outcome, answer=answer, reason=reason)
        return _back(suggestion_id)

    @paths.post("/cases/{suggestion_id}/transcript")
    async def transcript(
        request: Request, suggestion_id: str, version: Version, text: Text = "", confirmed: Text = ""
    ) -> Response:
        await correct(door.account(request), suggestion_id, version, text=text, confirmed=bool(confirmed))
        return _back(suggestion_id)

    @paths.post("/cases/{suggestion_id}/acknowledge")
    async def acknowledge(request: Request, suggestion_id: str, version: Version, reason: Text = "") -> Response:
        await act.acknowledge(door.account(request), suggestion_id, version, reason=reason)
        return _back(suggestion_id)

    @paths.post("/cases/{suggestion_id}/merge")
    async def merge(request: Request, suggestion_id: str, version: Version, into: Text = "") -> Response:
        await act.merge(door.account(request), suggestion_id, version, into=into)
        return _back(suggestion_id)

    @paths.post("/cases/{suggestion_id}/dismiss")
    async def dismiss(request: Request, suggestion_id: str, version: Version, other: Text = "") -> Response:
        await act.dismiss(door.account(request), suggestion_id, version, other=other)
        return _back(suggestion_id)

    @paths.post("/cases/{suggestion_id}/example/remove")
    async def remove_example(request: Request, suggestion_id: str, version: Version) -> Response:
        await act.remove_example(door.account(request), suggestion_id, version)
        return RedirectResponse("/examples", status_code=303)

    return paths


def _back(suggestion_id: str) -> Response:
    return RedirectResponse(f"/cases/{suggestion_id}", status_code=303)
