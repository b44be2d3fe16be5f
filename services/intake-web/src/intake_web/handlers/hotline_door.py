"""Which hotline stands at the door: by the token it shows, and whether its name is one that may publish."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from intake_web.domain.hotline_access import hash_of
from intake_web.ports import HotlineAccesses
from shared.clock import Clock


class HotlineDoor:
    """Tokens of the settings, and those that operators gave out (`stored` None: the settings' alone)."""

    def __init__(self, given: Mapping[str, str], stored: HotlineAccesses | None, clock: Clock) -> None:
        self._given = given
        self._stored = stored
        self._clock = clock
        self._known: set[str] = set()

    async def holder(self, token: str) -> str | None:
        """Name of the hotline that holds the token. Asked anew each time, so that a revoked token is dead at once;
        every token of the settings is compared, so that time tells nothing."""
        holder = None
        for name, expected in self._given.items():
            if hmac.compare_digest(expected.encode(), token.encode()):
                holder = name
        if holder is None and token and self._stored is not None:
            sha256 = hash_of(token)
            access = await self._stored.by_token(sha256)
            if access is not None and access.accepts(sha256, self._clock.now()):
                holder = access.name
        return holder

    async def knows(self, name: str) -> bool:
        """Whether an operator ever let this hotline in. A revoked one can't send any more, but what it sent before
        still counts."""
        if name in self._known or self._stored is None:
            return name in self._known
        if await self._stored.by_name(name) is not None:
            self._known.add(name)
        return name in self._known
