"""How often one address may send."""

from __future__ import annotations

from typing import Protocol

from intake_media.domain.recording import Lane


class CallLimits(Protocol):
    """How often one address may send; PermanentError `rate-limited` beyond it."""

    async def admit(self, address: str) -> None:
        """Before a body is read: whether any channel would take it."""
        ...

    async def count(self, lane: Lane | None, address: str) -> None:
        """One call of a channel; None where it names none of ours."""
        ...
