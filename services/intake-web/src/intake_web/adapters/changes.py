"""News for live pages of this process; pages of other processes find it by looking again every few seconds."""

from __future__ import annotations

import asyncio
from collections import defaultdict


class LocalChanges:
    """Fulfils the port; holds nothing for suggestions that nobody watches."""

    def __init__(self) -> None:
        self._watched: dict[str, set[asyncio.Event]] = defaultdict(set)

    def announce(self, suggestion_id: str) -> None:
        for event in self._watched.get(suggestion_id, ()):
            event.set()

    async def wait(self, suggestion_id: str, timeout_s: float) -> bool:
        event = asyncio.Event()
        self._watched[suggestion_id].add(event)
        try:
            async with asyncio.timeout(timeout_s):
                await event.wait()
        except TimeoutError:
            return False
        finally:
            self._watched[suggestion_id].discard(event)
            if not self._watched[suggestion_id]:
                del self._watched[suggestion_id]
        return True
