"""Signing in at the desk: slow by design, alike for unknown names and wrong words, bounded in tries."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Protocol

from router.domain.district import Account
from router.ports.deciding import Pack
from shared.clock import Clock
from shared.errors import Forbidden, PermanentError

TRIES = 5
TRIES_PER_CLIENT = 25
WINDOW_S = 300.0
REMEMBERED = 10_000
PASSWORD_MAX = 200


class Passwords(Protocol):
    """Verifies in a time that does not depend on the outcome; takes tens of milliseconds of a core."""

    def matches(self, password_hash: str | None, password: str) -> bool:
        """None: no such account; costs the same and is False."""
        ...


class SignIn:
    """Accounts of the pack; demo ones only where they are allowed."""

    def __init__(
        self, pack: Pack, passwords: Passwords, clock: Clock, *, demo_accounts: bool, limited: bool = True
    ) -> None:
        self._pack = pack
        self._passwords = passwords
        self._clock = clock
        self._demo_accounts = demo_accounts
        self._limited = limited
        self._failures: OrderedDict[tuple[str, str], list[float]] = OrderedDict()
        self._slots = asyncio.Semaphore(1)

    def account(self, account_id: str) -> Account | None:
        """The account, if it may be used here at all."""
        found = next((one for one in self._pack().accounts if one.id == account_id), None)
        return None if found is None or (found.demo and not self._demo_accounts) else found

    async def __call__(self, account_id: str, password: str, *, client: str) -> Account:
        """The account that signed in.

        Raises:
            Forbidden: `wrong-password`, also for names that do not exist.
            PermanentError: `rate-limited` after too many failures of this name or this client.
        """
        keys = (("name", f"{client} {account_id[:100]}"), ("client", client))
        if self._limited and any(self._count(key) >= self._allowed(key) for key in keys):
            raise PermanentError("Too many attempts. Please wait a few minutes.", code="rate-limited")
        account = self.account(account_id)
        async with self._slots:
            fits = await asyncio.to_thread(
                self._passwords.matches, account.password_hash if account else None, password[:PASSWORD_MAX]
            )
        if account is None or not fits:
            for key in keys:
                self._note(key)
            raise Forbidden("The account or the password is not right.", code="wrong-password")
        self._failures.pop(keys[0], None)
        return account

    def _allowed(self, key: tuple[str, str]) -> int:
        return TRIES if key[0] == "name" else TRIES_PER_CLIENT

    def _count(self, key: tuple[str, str]) -> int:
        since = self._clock.monotonic() - WINDOW_S
        return sum(at > since for at in self._failures.get(key, ()))

    def _note(self, key: tuple[str, str]) -> None:
        since = self._clock.monotonic() - WINDOW_S
        kept = [at for at in self._failures.pop(key, []) if at > since]
        self._failures[key] = [*kept, self._clock.monotonic()]
        while len(self._failures) > REMEMBERED:
            self._failures.popitem(last=False)
