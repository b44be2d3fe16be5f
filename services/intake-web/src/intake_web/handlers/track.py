"""Find what became of a suggestion, by query code or by the token of its link."""

from __future__ import annotations

import asyncio

from intake_web.domain.suggestion import Kept
from intake_web.domain.timeline import Fact, Timeline, timeline_of
from intake_web.ports import Receipts, Suggestions, Tracking
from shared.errors import NotFound

NOT_FOUND = "No suggestion is known under this code. Please check it, sign by sign."


class Track:
    """Unknown and wrong codes are answered alike, with the same work."""

    def __init__(self, tracking: Tracking, suggestions: Suggestions, receipts: Receipts) -> None:
        self._tracking = tracking
        self._suggestions = suggestions
        self._receipts = receipts

    async def by_code(self, query_code: str) -> Timeline:
        """Timeline of the suggestion that the code was issued for; NotFound for any other."""
        code_hash = self._receipts.code_hash(query_code[:200])
        # Always both, so that the time taken tells nothing.
        projected, kept = await asyncio.gather(self._tracking.by_code(code_hash), self._suggestions.by_code(code_hash))
        if projected is not None:
            suggestion_id, facts = projected
            return timeline_of(suggestion_id, facts)
        if kept is not None:
            return timeline_of(kept.suggestion_id, [_arrival(kept)])
        raise NotFound(NOT_FOUND)

    async def by_token(self, token: str) -> Timeline:
        """Timeline for a genuine token, even if nothing has been projected yet; NotFound for any other."""
        suggestion_id = self._receipts.suggestion_of(token)
        if suggestion_id is None:
            raise NotFound(NOT_FOUND)
        found = await self._tracking.by_code(self._receipts.code_hash(self._receipts.query_code(suggestion_id)))
        return timeline_of(suggestion_id, found[1] if found else [])

    def token_of(self, suggestion_id: str) -> str:
        """The token of the suggestion's link."""
        return self._receipts.token(suggestion_id)


def _arrival(kept: Kept) -> Fact:
    """What the acceptance itself already says, until its event has come round."""
    recording = kept.channel == "hotline" and kept.is_recording
    return Fact(
        event_id=kept.event_id,
        type="recording.received.v1" if recording else "suggestion.submitted.v1",
        at=kept.received_at,
        data={"channel": kept.channel, "received_at": kept.received_at.isoformat(), "text": kept.text},
    )
