"""The whole decision about one suggestion: the very code that serves, explains and replays."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from router.domain.decision import Assign, Decision, Evidence, Review
from router.domain.district import District
from router.domain.normalising import normalise
from router.domain.routing import Item, decide
from router.ports.deciding import Classifier, Pack, Simplify
from shared.clock import Clock, SystemClock
from shared.contracts.suggestions import SuggestionSubmitted

UNDECIDED = frozenset({"no-match", "rules-unsure"})
"""Reasons for which the text model is worth asking; all else is settled without it."""
WORDS_SHOWN = 8


class Decide:
    """Screen → locate → hotline code → rules → text model → person. Same input and versions, same bytes."""

    def __init__(
        self,
        pack: Pack,
        simplify: Simplify,
        classifier: Classifier | None = None,
        *,
        clock: Clock | None = None,
        observe: Callable[[Decision, float], None] | None = None,
        at_once: int = 1,
    ) -> None:
        """The model is asked about `at_once` texts side by side: more than there are cores makes each slower."""
        self._pack = pack
        self._clock = clock or SystemClock()
        self._observe = observe
        self._simplify = simplify
        self.classifier = classifier
        self._slots = asyncio.Semaphore(at_once)

    async def __call__(self, said: SuggestionSubmitted, *, confirmed_text: str | None = None) -> Decision:
        """`confirmed_text` is what a person made of the transcript: it counts as typed."""
        started = self._clock.monotonic()
        decision = await self._decide(self._item(said, confirmed_text), self._pack())
        if self._observe:
            self._observe(decision, self._clock.monotonic() - started)
        return decision

    async def _decide(self, item: Item, district: District) -> Decision:
        decision = decide(item, district)
        classifier = self.classifier
        outcome = decision.outcome
        if classifier is None or not isinstance(outcome, Review) or not UNDECIDED & set(outcome.reasons):
            return decision
        async with self._slots:
            return await asyncio.to_thread(_with_model, item, district, classifier)

    def _item(self, said: SuggestionSubmitted, confirmed_text: str | None) -> Item:
        text = said.text if confirmed_text is None else confirmed_text
        heard = said.transcript if confirmed_text is None else None
        return Item(
            text=normalise(text, self._simplify),
            channel=said.channel,
            place=said.place,
            source=said.source,
            category_code=said.category_code,
            nature=said.nature,
            transcript_verdict=heard.verdict if heard else None,
        )


def _with_model(item: Item, district: District, classifier: Classifier) -> Decision:
    prediction = classifier.classify(item.text)
    decision = decide(item, district, prediction, threshold=classifier.threshold, model_version=classifier.version)
    if not prediction:
        return decision
    chosen = decision.outcome.class_id if isinstance(decision.outcome, Assign) else prediction[0][0]
    words = tuple(
        Evidence(kind="model-word", value=word, weight=round(weight, 4))
        for word, weight in classifier.words(item.text, chosen)[:WORDS_SHOWN]
    )
    return decision.model_copy(update={"evidence": decision.evidence + words})
