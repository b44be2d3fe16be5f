"""Signing in: who may, how often, and that strangers learn nothing."""

from __future__ import annotations

import pytest

from router.adapters.passwords import Argon2Passwords
from router.handlers.sign_in import TRIES, WINDOW_S, SignIn
from shared.errors import Forbidden, PermanentError
from tests.support.clock import FrozenClock
from tests.support.pack import linghe


class CountingPasswords:
    """Knows one word; counts how often it was asked, and with what."""

    def __init__(self) -> None:
        self.asked: list[str | None] = []

    def matches(self, password_hash: str | None, password: str) -> bool:
        self.asked.append(password_hash)
        return password_hash is not None and password == "right"


def door(passwords: CountingPasswords, clock: FrozenClock, *, demo: bool = True, limited: bool = True) -> SignIn:
    return SignIn(linghe, passwords, clock, demo_accounts=demo, limited=limited)


async def test_the_right_word_opens_and_a_wrong_one_does_not() -> None:
    sign_in = door(CountingPasswords(), FrozenClock())
    assert (await sign_in("clerk", "right", client="10.0.0.1")).role == "clerk"
    with pytest.raises(Forbidden):
        await sign_in("clerk", "wrong", client="10.0.0.1")


async def test_an_unknown_name_costs_and_answers_the_same() -> None:
    passwords = CountingPasswords()
    sign_in = door(passwords, FrozenClock())
    messages = set()
    for name in ("clerk", "nobody"):
        with pytest.raises(Forbidden) as refused:
            await sign_in(name, "wrong", client="10.0.0.1")
        messages.add(str(refused.value))
    assert len(messages) == 1
    assert len(passwords.asked) == 2  # the hash was computed for both
    assert passwords.asked[1] is None


async def test_demo_accounts_are_refused_unless_allowed() -> None:
    with pytest.raises(Forbidden):
        await door(CountingPasswords(), FrozenClock(), demo=False)("clerk", "right", client="10.0.0.1")


async def test_too_many_failures_are_stopped_for_a_while_and_for_that_client_only() -> None:
    clock = FrozenClock()
    sign_in = door(CountingPasswords(), clock)
    for _ in range(TRIES):
        with pytest.raises(Forbidden):
            await sign_in("clerk", "wrong", client="10.0.0.1")
    with pytest.raises(PermanentError) as stopped:
        await sign_in("clerk", "right", client="10.0.0.1")
    assert stopped.value.code == "rate-limited"
    assert (await sign_in("clerk", "right", client="10.0.0.2")).id == "clerk"
    clock.advance(WINDOW_S + 1)
    assert (await sign_in("clerk", "right", client="10.0.0.1")).id == "clerk"


async def test_the_limit_can_be_turned_off() -> None:
    sign_in = door(CountingPasswords(), FrozenClock(), limited=False)
    for _ in range(TRIES * 2):
        with pytest.raises(Forbidden):
            await sign_in("clerk", "wrong", client="10.0.0.1")


def test_the_packs_hashes_fit_their_documented_passwords() -> None:
    passwords = Argon2Passwords()
    clerk = next(one for one in linghe().accounts if one.id == "clerk")
    assert passwords.matches(clerk.password_hash, "linghe-clerk")
    assert not passwords.matches(clerk.password_hash, "linghe-clerk2")
    assert not passwords.matches(None, "nobody's password")
