"""Signing in and out: a signed cookie names the account; changing the password ends its sessions."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer

from router.domain.district import Account
from router.handlers.sign_in import SignIn
from router.routes.failures import SignInNeeded
from router.routes.rendering import LANGUAGE_COOKIE, Pages
from shared.errors import Forbidden, MinshengError
from shared.runtime.translations import LANGUAGES

COOKIE = "desk_session"
SESSION_S = 10 * 3600
"""A working day: nobody is thrown out in the middle of an answer."""
LANGUAGE_S = 365 * 24 * 3600


class Sessions:
    """Who is at the desk."""

    def __init__(self, sign_in: SignIn, key: str, *, secure: bool) -> None:
        self.sign_in = sign_in
        self.secure = secure
        self._signer = URLSafeTimedSerializer(key, salt="desk-session")

    def cookie(self, account: Account) -> str:
        """Signed, with the time; it holds the account's id and a mark of its password hash."""
        return str(self._signer.dumps([account.id, _mark(account)]))

    def account(self, request: Request) -> Account:
        """The account of this request; raises SignInNeeded."""
        try:
            account_id, mark = self._signer.loads(request.cookies.get(COOKIE, ""), max_age=SESSION_S)
        except (BadSignature, ValueError):
            raise SignInNeeded from None
        account = self.sign_in.account(account_id)
        if account is None or _mark(account) != mark:
            raise SignInNeeded
        return account


def _mark(account: Account) -> str:
    return hashlib.sha256(account.password_hash.encode()).hexdigest()[:16]


def routes(door: Sessions, pages: Pages) -> APIRouter:
    """`/login`, `/logout`, `/language/…`."""
    paths = APIRouter(include_in_schema=False)

    @paths.get("/login")
    async def login_page(request: Request) -> Response:
        return pages.page(request, "login.html", account=None, message=None, tried="")

    @paths.post("/login")
    async def log_in(
        request: Request, account: Annotated[str, Form()] = "", password: Annotated[str, Form()] = ""
    ) -> Response:
        client = request.client.host if request.client else ""
        try:
            found = await door.sign_in(account.strip(), password, client=client)
        except MinshengError as error:
            status = 403 if isinstance(error, Forbidden) else 429
            message = pages.text(request, str(error))
            answer: Response = pages.page(
                request, "login.html", account=None, status=status, message=message, tried=account.strip()[:100]
            )
            if status == 429:
                answer.headers["Retry-After"] = "300"
            return answer
        answer = RedirectResponse("/", status_code=303)
        answer.set_cookie(
            COOKIE, door.cookie(found), max_age=SESSION_S, httponly=True, samesite="lax", secure=door.secure
        )
        return answer

    @paths.post("/logout")
    async def log_out() -> Response:
        answer = RedirectResponse("/login", status_code=303)
        answer.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=door.secure)
        return answer

    @paths.post("/language/{language}")
    async def choose(request: Request, language: str, back: Annotated[str, Form()] = "/") -> Response:
        answer = RedirectResponse(
            back if back.startswith("/") and back[1:2] not in ("/", "\\") else "/", status_code=303
        )
        if language in LANGUAGES:
            answer.set_cookie(
                LANGUAGE_COOKIE, language, max_age=LANGUAGE_S, httponly=True, samesite="lax", secure=door.secure
            )
        return answer

    return paths
