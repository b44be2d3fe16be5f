"""What an engine says about one stretch of sound, before anyone judges it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Hypothesis:
    """One candidate text; `score` is the mean natural log probability of its `tokens` tokens."""

    text: str
    tokens: int
    score: float


@dataclass(frozen=True)
class Reading:
    """All candidates of one stretch, the engine's favourite first.

    `no_speech` is the engine's probability that nobody speaks; `chinese` that the language is Chinese
    (None where it was not asked). `starts_s`: when each spoken character of the favourite begins, in seconds from the
    start of the sound (empty where it was not asked).
    """

    hypotheses: tuple[Hypothesis, ...]
    no_speech: float
    chinese: float | None = None
    starts_s: tuple[float, ...] = ()


@dataclass(frozen=True)
class Span:
    """A stretch of the recording, in seconds from its start."""

    start_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        """Seconds from start to end."""
        return self.end_s - self.start_s
