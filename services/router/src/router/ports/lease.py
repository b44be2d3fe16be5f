"""What one process at a time may do."""

from __future__ import annotations

from typing import Protocol


class Lease(Protocol):
    """Held by at most one process at a time, for a while."""

    async def hold(self) -> bool:
        """Take or renew it; False while another holds it."""
        ...
