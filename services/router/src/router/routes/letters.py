"""The desk's page of dead letters: plain forms; a dry run and a look at the contents answer with the page itself."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from router.domain.district import Account
from router.handlers.mend import LetterKey, LetterView, MendLetters
from router.handlers.queues import Queues
from router.routes.rendering import Pages
from router.routes.sessions import Sessions
from shared.contracts.topics import BY_NAME

Text = Annotated[str, Form()]
ONE = "/letters/{topic}/{partition}/{offset}"


def _place(topic: str, partition: int, offset: int, failed_at: Text = "") -> LetterKey:
    return LetterKey(topic=topic, partition=partition, offset=offset, failed_at=failed_at)


Key = Annotated[LetterKey, Depends(_place)]


def routes(door: Sessions, pages: Pages, queues: Queues, mend: MendLetters) -> APIRouter:
    """List, one letter, show, replay, repair, drop."""
    paths = APIRouter(include_in_schema=False)

    async def page(request: Request, account: Account, view: LetterView) -> Response:
        waiting = await queues.length(account)
        return pages.page(request, "letter.html", account=account, waiting=waiting, view=view)

    @paths.get("/letters")
    async def letters(request: Request, topic: str = "", handled: bool = False) -> Response:
        account = door.account(request)
        there = mend.open_for(account)
        found = await mend.listed(account, topic=topic or None, handled=handled) if there else []
        return pages.page(
            request,
            "letters.html",
            account=account,
            waiting=await queues.length(account),
            there=there,
            letters=found,
            topics=list(BY_NAME),
            topic=topic,
            handled=handled,
        )

    @paths.get(ONE)
    async def letter(request: Request, topic: str, partition: int, offset: int) -> Response:
        account = door.account(request)
        key = LetterKey(topic=topic, partition=partition, offset=offset)
        return await page(request, account, await mend.letter(account, key))

    @paths.post(ONE + "/show")
    async def show(request: Request, key: Key) -> Response:
        account = door.account(request)
        return await page(request, account, await mend.shown(account, key))

    @paths.post(ONE + "/replay")
    async def replay(request: Request, key: Key, dry_run: Text = "") -> Response:
        account = door.account(request)
        if dry_run:
            return await page(request, account, await mend.tried(account, key))
        await mend.replay(account, key)
        return _back(key)

    @paths.post(ONE + "/repair")
    async def repair(request: Request, key: Key, value: Text = "", dry_run: Text = "") -> Response:
        account = door.account(request)
        if dry_run:
            return await page(request, account, await mend.tried(account, key, text=value))
        await mend.repair(account, key, value)
        return _back(key)

    @paths.post(ONE + "/drop")
    async def drop(request: Request, key: Key, reason: Text = "") -> Response:
        await mend.drop(door.account(request), key, reason=reason)
        return _back(key)

    return paths


def _back(key: LetterKey) -> Response:
    return RedirectResponse(f"/letters/{key.topic}/{key.partition}/{key.offset}", status_code=303)
