"""Topic `suggestions`: what residents say, normalised, from every channel."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from shared.contracts.model import Contract, EventData, Moment

Channel = Literal["web", "voice", "video", "hotline", "collector"]
CollectionKind = Literal["everyday", "themed", "special"]
Identity = Literal["named", "sealed", "anonymous"]
Verdict = Literal["clear", "doubtful", "no-speech", "unusable"]

TEXT_MAX = 20_000
"""Characters of one suggestion."""


class Place(Contract):
    """Where the suggestion is about; every field may be missing."""

    town: str | None = None
    """Id or name of a town of the pack."""
    text: str | None = Field(default=None, max_length=500)
    lon: float | None = Field(default=None, ge=-180, le=180)
    lat: float | None = Field(default=None, ge=-90, le=90)
    crs: Literal["WGS-84", "GCJ-02"] | None = None


class Segment(Contract):
    """A stretch of speech; times in seconds from the start of the recording."""

    start_s: float
    end_s: float
    text: str
    confidence: float = Field(ge=0, le=1)


class Transcript(Contract):
    """What the machine heard, and how far to trust it; never invented text."""

    verdict: Verdict
    reasons: list[str] = Field(default_factory=list)
    segments: list[Segment] = Field(default_factory=list)
    engine: str = ""
    model: str = ""
    options: dict[str, str | int | float | bool | None] = Field(default_factory=dict)


class MediaRef(Contract):
    """Claim check: where the bytes lie. Media never rides Kafka."""

    role: str
    """`original`, `audio`, `poster`, `web-copy`, `captions`, `key-frame`."""
    uri: str
    sha256: str
    size_bytes: int = Field(ge=0)
    media_type: str
    duration_s: float | None = None


class SuggestionSubmitted(EventData):
    """A suggestion was accepted; `text` is what was written, or the transcript (empty if nothing was heard)."""

    type_name: ClassVar[str] = "suggestion.submitted.v1"

    channel: Channel
    received_at: Moment
    text: str
    language: str = "zh-CN"
    transcript: Transcript | None = None
    media: list[MediaRef] = Field(default_factory=list)
    place: Place | None = None
    kind: CollectionKind = "everyday"
    campaign_id: str | None = None
    collection_point_id: str | None = None
    identity: Identity = "anonymous"
    contact_id: str | None = None
    """Reference into the contact vault; the person's data itself is on no topic."""
    on_behalf: bool = False
    source: str | None = None
    """The hotline that sent it."""
    external_id: str | None = None
    """The hotline's own number of it."""
    nature: str | None = None
    category_code: str | None = None


class SuggestionSupplemented(EventData):
    """The resident added something."""

    type_name: ClassVar[str] = "suggestion.supplemented.v1"

    text: str
    supplemented_at: Moment


class SuggestionCorrected(EventData):
    """The resident or a clerk confirmed or corrected the transcript; `text` replaces the machine's."""

    type_name: ClassVar[str] = "suggestion.corrected.v1"

    text: str
    confirmed: bool = False
    """True when the text was left as it was."""
    by: Literal["resident", "clerk"] = "resident"
    actor: str | None = None
    """The clerk's account id."""
    corrected_at: Moment


class SuggestionWithdrawn(EventData):
    """The resident takes the suggestion back."""

    type_name: ClassVar[str] = "suggestion.withdrawn.v1"

    withdrawn_at: Moment
    reason: str | None = None


class SuggestionEvaluated(EventData):
    """The resident rated service and result, apart from each other (1 worst to 5 best)."""

    type_name: ClassVar[str] = "suggestion.evaluated.v1"

    service: int = Field(ge=1, le=5)
    result: int = Field(ge=1, le=5)
    solved: bool | None = None
    reason_codes: list[str] = Field(default_factory=list)
    return_visit: bool = False
    evaluated_at: Moment
