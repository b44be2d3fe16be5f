"""Health as progress: live = the loop turns; ready = each part can do its work now, and says why not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

CHECK_TIMEOUT_S = 2.0

Check = Callable[[], Awaitable[str | None]]
"""Returns None when well, else the reason in a sentence (no personal data)."""


@dataclass(frozen=True)
class Finding:
    """What one check found."""

    check: str
    reason: str | None

    @property
    def ok(self) -> bool:
        return self.reason is None


class Health:
    """The checks of one process; each is bounded, so that a frozen dependency can't freeze the answer."""

    def __init__(self) -> None:
        self._checks: dict[str, Check] = {}

    def add(self, name: str, check: Check) -> None:
        """Register a readiness check."""
        self._checks[name] = check

    async def findings(self) -> list[Finding]:
        """All checks at once, each at most `CHECK_TIMEOUT_S`."""
        return list(await asyncio.gather(*(self._run(name, check) for name, check in self._checks.items())))

    async def _run(self, name: str, check: Check) -> Finding:
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                return Finding(name, await check())
        except TimeoutError:
            return Finding(name, f"no answer within {CHECK_TIMEOUT_S:g} s")
        except Exception as error:  # a broken check is a finding, not a crash of the health page
            return Finding(name, type(error).__name__)
