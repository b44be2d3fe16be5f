"""Keep what events say about a suggestion, for its tracking page."""

from __future__ import annotations

from typing import Any

from intake_web.domain.timeline import Fact
from intake_web.ports import Changes, Receipts, Tracking
from shared.contracts.envelope import Event
from shared.contracts.model import Contract

KEPT_BACK = frozenset({"suggestion_id", "decision", "actor", "contact_id", "evidence"})
"""Office matters and references that a tracking page has no use for."""


class Project:
    """Idempotent by event id; the order of arrival does not matter."""

    def __init__(self, tracking: Tracking, receipts: Receipts, changes: Changes) -> None:
        self._tracking = tracking
        self._receipts = receipts
        self._changes = changes

    async def __call__(self, event: Event[Contract]) -> None:
        """Note one event."""
        data: dict[str, Any] = event.data.model_dump(mode="json", exclude_none=True, exclude=set(KEPT_BACK))
        suggestion_id = str(getattr(event.data, "suggestion_id", event.subject))
        code_hash = self._receipts.code_hash(self._receipts.query_code(suggestion_id))
        fact = Fact(event_id=event.id, type=event.type, at=event.time, data=data)
        await self._tracking.note(suggestion_id, code_hash, fact)
        self._changes.announce(suggestion_id)
