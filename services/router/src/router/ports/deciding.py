"""What a decision asks: the pack in force, the script of a text, the text model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from router.domain.district import District

Pack = Callable[[], District]
"""The pack in force now; asked anew for each decision, so that a reload takes effect at once."""
Simplify = Callable[[str], str]
"""Traditional to Simplified Chinese."""


class Classifier(Protocol):
    """The text model. Its calls compute for some milliseconds: run them off the event loop."""

    @property
    def version(self) -> str:
        """Names the model, so that a decision can be made again."""
        ...

    @property
    def threshold(self) -> float:
        """Calibrated: at or above this confidence nearly all are right."""
        ...

    def classify(self, text: str) -> Sequence[tuple[str, float]]:
        """(class, confidence 0–1), best first, for a normalised text."""
        ...

    def words(self, text: str, class_id: str) -> Sequence[tuple[str, float]]:
        """The words that spoke for a class, heaviest first."""
        ...
