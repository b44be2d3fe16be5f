"""Query codes and tracking tokens, derived from the suggestion id, so that a retry gives the same receipt.

Nothing secret is stored: a code is looked up by its keyed hash, a token verifies itself.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from ulid import ULID

CODE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""32 signs without 0/O and 1/I, so that a code survives being read out on the telephone."""
CODE_LENGTH = 16
TAG_BYTES = 20
"""With the 16 bytes of the id 36 in all: base64 without slack bits, so that exactly one text is genuine."""


class Receipts:
    """Keyed by `RECEIPT_KEY`, which only the services that issue or check receipts hold."""

    def __init__(self, key: str) -> None:
        self._key = base64.b64decode(key)
        if len(self._key) < 32:
            raise ValueError("RECEIPT_KEY must be at least 32 bytes in base64")

    def _mac(self, purpose: str, message: str) -> bytes:
        return hmac.new(self._key, f"{purpose}:{message}".encode(), hashlib.sha256).digest()

    def query_code(self, suggestion_id: str) -> str:
        """80 bits as four groups of four, typed by a person and only ever posted."""
        number = int.from_bytes(self._mac("code", suggestion_id)[:10], "big")
        signs = [CODE_ALPHABET[(number >> (5 * place)) & 31] for place in range(CODE_LENGTH)]
        text = "".join(signs)
        return "-".join(text[place : place + 4] for place in range(0, CODE_LENGTH, 4))

    def code_hash(self, query_code: str) -> str:
        """What a store keeps of a code; case, spaces and hyphens don't matter."""
        plain = "".join(sign for sign in query_code.upper() if sign.isalnum())
        return self._mac("lookup", plain).hex()

    def token(self, suggestion_id: str) -> str:
        """Path part of the tracking link: the id and a 160-bit tag, so that it verifies without a lookup."""
        raw = ULID.from_str(suggestion_id).bytes + self._mac("token", suggestion_id)[:TAG_BYTES]
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    def suggestion_of(self, token: str) -> str | None:
        """The suggestion that a genuine token names; None for anything else."""
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
            suggestion_id = str(ULID.from_bytes(raw[:16]))
        except (ValueError, TypeError):
            return None
        genuine = hmac.compare_digest(raw[16:], self._mac("token", suggestion_id)[:TAG_BYTES])
        return suggestion_id if genuine else None
