"""The resident confirms or corrects what the machine heard."""

from __future__ import annotations

import hashlib

from intake_web.domain.timeline import Timeline
from intake_web.ports import Acts, Tracking
from shared.clock import Clock
from shared.contracts.suggestions import TEXT_MAX, SuggestionCorrected
from shared.errors import InvalidInput

NOTHING_HEARD = "There is no transcript to confirm or correct yet."
EMPTY = "Please write something: the text is empty."
TOO_LONG = "Too long: at most 20000 characters."


class Correct:
    """The same correction sent twice is one act."""

    def __init__(self, acts: Acts, tracking: Tracking, clock: Clock) -> None:
        self._acts = acts
        self._tracking = tracking
        self._clock = clock

    async def __call__(self, timeline: Timeline, *, text: str | None, confirmed: bool) -> SuggestionCorrected:
        """Publish `suggestion.corrected.v1`; without `text` the transcript stands as it is.

        Raises:
            InvalidInput: there is no transcript, or the new text is blank or too long.
        """
        if timeline.transcript is None:
            raise InvalidInput(NOTHING_HEARD, code="no-transcript")
        heard = str(timeline.transcript["text"])
        wanted = heard if confirmed or text is None else text.replace("\x00", "")
        if not wanted.strip():
            raise InvalidInput(EMPTY, code="blank", pointer="/text")
        if len(wanted) > TEXT_MAX:
            raise InvalidInput(TOO_LONG, code="string_too_long", pointer="/text")
        correction = SuggestionCorrected(
            suggestion_id=timeline.suggestion_id,
            text=wanted,
            confirmed=wanted == heard,
            corrected_at=self._clock.now(),
        )
        corrections = sum(step.type == "suggestion.corrected.v1" for step in timeline.steps)
        seed = f"{timeline.suggestion_id}\x00{corrections}\x00{wanted}"
        await self._acts.correct(hashlib.sha256(seed.encode()).hexdigest(), correction)
        return correction
