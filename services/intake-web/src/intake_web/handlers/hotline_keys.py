"""Let a hotline in, give it new keys, shut it out: over HTTP by tokens, on a guarded Kafka as a user of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from intake_web.domain.hotline_access import HotlineAccess, hash_of, is_name, new_secret
from intake_web.ports import HotlineAccesses, HotlinePrincipals
from shared.clock import Clock
from shared.errors import Conflict, InvalidInput, NotFound


@dataclass(frozen=True, kw_only=True)
class Keys:
    """What the hotline is told, once; `kafka_user` and `kafka_password` are None where they did not change."""

    name: str
    token: str
    kafka_user: str | None
    kafka_password: str | None


class HotlineKeys:
    """`kafka` None: an open broker, which knows no users."""

    def __init__(self, accesses: HotlineAccesses, kafka: HotlinePrincipals | None, clock: Clock, *, by: str) -> None:
        self._accesses = accesses
        self._kafka = kafka
        self._clock = clock
        self._by = by

    async def add(self, name: str) -> Keys:
        """Let a new hotline in, or one that was shut out before.

        Raises:
            InvalidInput: not a name for a hotline.
            Conflict: it is in already.
        """
        if not is_name(name):
            raise InvalidInput("a hotline's name is of small letters, digits and inner hyphens", code="bad-name")
        found = await self._accesses.by_name(name)
        if found is not None and not found.revoked:
            raise Conflict(f"{name} is in already: give it new keys with rotate")
        user, password = await self._admit(name)  # first: a repeat after a fault in between sets it anew
        token = new_secret()
        access = (found or HotlineAccess(name=name)).given(hash_of(token), now=self._clock.now(), by=self._by)
        await self._accesses.save(access)
        return Keys(name=name, token=token, kafka_user=user, kafka_password=password)

    async def rotate(self, name: str, *, overlap: timedelta, kafka: bool) -> Keys:
        """A new token beside the old ones, which end after the overlap; with `kafka` also a new password, which
        replaces the old one at once (Kafka keeps one per user).

        Raises:
            NotFound: no such hotline is in.
        """
        found = await self._present(name)
        user, password = await self._admit(name) if kafka else (None, None)
        token = new_secret()
        await self._accesses.save(found.rotated(hash_of(token), now=self._clock.now(), by=self._by, overlap=overlap))
        return Keys(name=name, token=token, kafka_user=user, kafka_password=password)

    async def revoke(self, name: str) -> None:
        """Shut it out at once: no token counts, and on a guarded Kafka neither grant nor user is left.

        Raises:
            NotFound: never heard of.
        """
        found = await self._accesses.by_name(name)
        if found is None:
            raise NotFound(f"no such hotline: {name}")
        if not found.revoked:
            await self._accesses.save(found.without_rights(now=self._clock.now(), by=self._by))
        if self._kafka is not None:  # also when the first attempt ended between the two
            await self._kafka.dismiss(name)

    async def listed(self) -> list[HotlineAccess]:
        """All that were ever let in."""
        return await self._accesses.all()

    async def _present(self, name: str) -> HotlineAccess:
        found = await self._accesses.by_name(name)
        if found is None or found.revoked:
            raise NotFound(f"no such hotline: {name} (let it in with add)")
        return found

    async def _admit(self, name: str) -> tuple[str | None, str | None]:
        if self._kafka is None:
            return None, None
        password = new_secret()
        await self._kafka.admit(name, password)
        return self._kafka.user(name), password
