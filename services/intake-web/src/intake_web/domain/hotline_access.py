"""A hotline's right to publish over HTTP: its tokens, known only by their hashes, and who gave or took them when."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

TOKEN_BYTES = 32
NAME_MAX = 64
NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
DEFAULT_OVERLAP = timedelta(days=7)


def is_name(name: str) -> bool:
    """Small letters, digits and inner hyphens: it is also part of the hotline's Kafka user."""
    return len(name) <= NAME_MAX and NAME.fullmatch(name) is not None


def new_secret() -> str:
    """256 random bits, URL-safe; shown once and never kept."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def hash_of(token: str) -> str:
    """SHA-256 in hexadecimal; enough for a random token, which no dictionary holds."""
    return hashlib.sha256(token.encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class HeldToken:
    """A token by its hash; `valid_until` None means until further notice."""

    sha256: str
    valid_until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """Who did what, when; never a secret."""

    at: datetime
    by: str
    action: str


@dataclass(frozen=True, kw_only=True)
class HotlineAccess:
    """One hotline; `version` counts its changes, so that two operators can't overwrite one another."""

    name: str
    tokens: tuple[HeldToken, ...] = ()
    revoked: bool = False
    history: tuple[AuditEntry, ...] = ()
    version: int = 0

    def accepts(self, sha256: str, now: datetime) -> bool:
        """Whether the token with this hash opens the door now."""
        return not self.revoked and any(
            token.sha256 == sha256 and (token.valid_until is None or now < token.valid_until) for token in self.tokens
        )

    def given(self, sha256: str, *, now: datetime, by: str) -> HotlineAccess:
        """With this token alone: a new hotline, or one let in again."""
        return self._after("added", now, by, tokens=(HeldToken(sha256=sha256),), revoked=False)

    def rotated(self, sha256: str, *, now: datetime, by: str, overlap: timedelta) -> HotlineAccess:
        """With a new token; those before stay good until the overlap ends, and never longer than they were."""
        until = now + overlap
        old = [
            replace(token, valid_until=min(until, token.valid_until or until))
            for token in self.tokens
            if token.valid_until is None or now < token.valid_until
        ]
        return self._after("rotated", now, by, tokens=(*old, HeldToken(sha256=sha256)))

    def without_rights(self, *, now: datetime, by: str) -> HotlineAccess:
        """With no token at all, from now on."""
        return self._after("revoked", now, by, tokens=(), revoked=True)

    def _after(
        self, action: str, now: datetime, by: str, *, tokens: tuple[HeldToken, ...], revoked: bool = False
    ) -> HotlineAccess:
        entry = AuditEntry(at=now, by=by, action=action)
        return replace(self, tokens=tokens, revoked=revoked, history=(*self.history, entry), version=self.version + 1)
