"""Short-lived leave to play one file of one recording, for pages of another origin that knows who may.

The page's service and intake-media share `MEDIA_GRANT_KEY`; a grant verifies itself and opens nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime

from ulid import ULID

DESK = "desk"
"""Audience of grants for the handlers' desk."""
ID_BYTES, TIME_BYTES, TAG_BYTES = 16, 4, 16
"""36 in all: base64 without slack bits, so that exactly one text is genuine."""


class MediaGrants:
    """Keyed by `MEDIA_GRANT_KEY` (at least 32 bytes in base64)."""

    def __init__(self, key: str) -> None:
        self._key = base64.b64decode(key)
        if len(self._key) < 32:
            raise ValueError("MEDIA_GRANT_KEY must be at least 32 bytes in base64")

    def issue(self, suggestion_id: str, role: str, *, audience: str, until: datetime) -> str:
        """Leave for `audience` to read the file `role` of a suggestion's recording, until a moment (whole seconds)."""
        head = ULID.from_str(suggestion_id).bytes + int(until.timestamp()).to_bytes(TIME_BYTES, "big")
        return base64.urlsafe_b64encode(head + self._tag(head, role, audience)).decode()

    def suggestion_of(self, grant: str, role: str, *, audience: str, now: datetime) -> str | None:
        """The suggestion that a genuine, unexpired grant of this role and audience names; None for anything else."""
        try:
            raw = base64.urlsafe_b64decode(grant)
            suggestion_id = str(ULID.from_bytes(raw[:ID_BYTES]))
        except (ValueError, TypeError):
            return None
        head, tag = raw[: ID_BYTES + TIME_BYTES], raw[ID_BYTES + TIME_BYTES :]
        if not hmac.compare_digest(tag, self._tag(head, role, audience)):
            return None
        return suggestion_id if now.timestamp() < int.from_bytes(head[ID_BYTES:], "big") else None

    def _tag(self, head: bytes, role: str, audience: str) -> bytes:
        message = f"media:{audience}:{role}:".encode() + head
        return hmac.new(self._key, message, hashlib.sha256).digest()[:TAG_BYTES]
