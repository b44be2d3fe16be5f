"""What was heard in a recording, when, how surely, and whether it may be used without a person."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.suggestions import Segment, Verdict
from shared.contracts.suggestions import Transcript as PublishedTranscript


class Transcript(BaseModel):
    """A judged transcript. `text` is empty unless the verdict is clear or doubtful; times are in seconds."""

    model_config = ConfigDict(frozen=True)
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    text: str = ""
    language: str = "zh"
    segments: tuple[Segment, ...] = ()
    duration_s: float = 0.0
    speech_s: float = 0.0
    engine: str = ""
    model: str = ""
    options: dict[str, str | int | float | bool | None] = Field(default_factory=dict)
    timings_s: dict[str, float] = Field(default_factory=dict)
    """Seconds spent in detection, engine and choice, for the stored record and the metrics."""

    def published(self) -> PublishedTranscript:
        """The part that rides on `suggestion.submitted.v1`, beside its `text` and `language`."""
        return PublishedTranscript(
            verdict=self.verdict,
            reasons=list(self.reasons),
            segments=list(self.segments),
            engine=self.engine,
            model=self.model,
            options=dict(self.options),
        )


def unusable(reason: str) -> Transcript:
    """The outcome of a recording that could not be heard at all, with its stable reason code."""
    return Transcript(verdict="unusable", reasons=(reason,))
