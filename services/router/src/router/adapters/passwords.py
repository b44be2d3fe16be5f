"""Argon2id, as the pack's hashes are made."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError


class Argon2Passwords:
    """Fulfils `handlers.sign_in.Passwords`; a name that does not exist costs the same as one that does."""

    def __init__(self) -> None:
        # The pack's own cost figures, so that both ways take the same time.
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
        self._decoy = self._hasher.hash("nobody's password")

    def matches(self, password_hash: str | None, password: str) -> bool:
        """See the port."""
        try:
            fits = self._hasher.verify(password_hash or self._decoy, password)
        except (VerificationError, InvalidHashError):
            return False
        return fits and password_hash is not None
