"""ULIDs: sortable by time, unique without asking anybody."""

from __future__ import annotations

import hashlib
from datetime import datetime

from ulid import ULID

LATEST_MS = 2**48 - 1


class UlidIdentities:
    """Fulfils the port."""

    def new(self) -> str:
        return str(ULID())

    def derived(self, moment: datetime, seed: str) -> str:
        # a hotline's clock may say anything; the time part only sorts
        milliseconds = min(max(int(moment.timestamp() * 1000), 0), LATEST_MS)
        return str(ULID.from_bytes(milliseconds.to_bytes(6, "big") + hashlib.sha256(seed.encode()).digest()[:10]))
