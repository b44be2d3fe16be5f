"""The registry of topics: who writes what, who reads it, how long it stays. Tests hold the services to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from shared.contracts import cases, notices, recordings, suggestions
from shared.contracts.hotline import HotlineSubmitted
from shared.contracts.model import Contract

DEFAULT_PARTITIONS = 12
"""At least the highest number of replicas of one consumer group."""

DLQ_SUFFIX = "-dlq"


@dataclass(frozen=True, kw_only=True)
class Topic:
    """One topic; key of every record = suggestion id (hotlines may send any key or none)."""

    name: str
    says: str
    types: tuple[type[Contract], ...]
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    retention: timedelta | None
    """None: kept for ever (it is the record of what happened)."""

    @property
    def dead_letters(self) -> str:
        """Name of the topic that takes what could not be consumed."""
        return self.name + DLQ_SUFFIX


SUGGESTIONS = Topic(
    name="suggestions",
    says="what residents say, normalised: the intake topic",
    types=(
        suggestions.SuggestionSubmitted,
        suggestions.SuggestionSupplemented,
        suggestions.SuggestionCorrected,
        suggestions.SuggestionWithdrawn,
        suggestions.SuggestionEvaluated,
    ),
    producers=("intake-web", "intake-media", "router"),
    consumers=("router", "notifier", "intake-web"),
    retention=None,
)
CASES = Topic(
    name="cases",
    says="what the district does about it",
    types=(
        cases.CaseAccepted,
        cases.CaseAssigned,
        cases.CaseDeclined,
        cases.CaseReviewRequested,
        cases.CaseSigned,
        cases.CaseReturned,
        cases.CaseQuestionAsked,
        cases.CaseProgressed,
        cases.CaseResolved,
        cases.CaseSupervised,
        cases.CaseMerged,
        cases.CaseIssueJoined,
        cases.CaseReopened,
        cases.CaseClosed,
    ),
    producers=("router",),
    consumers=("notifier", "intake-web"),
    retention=None,
)
RECORDINGS = Topic(
    name="recordings",
    says="a stored voice or video file exists, and what becomes of it",
    types=(
        recordings.RecordingReceived,
        recordings.RecordingTranscribed,
        recordings.RecordingUnusable,
        recordings.RecordingCopied,
    ),
    producers=("intake-media", "intake-web"),
    consumers=("intake-media", "intake-web", "router"),
    retention=None,
)
HOTLINE_SUBMISSIONS = Topic(
    name="hotline-submissions",
    says="raw work orders from hotlines; the only topic with contact data, so it is kept short",
    types=(HotlineSubmitted,),
    producers=("hotline",),
    consumers=("intake-web",),
    retention=timedelta(days=7),
)
NOTICES = Topic(
    name="notices",
    says="proof of delivery",
    types=(notices.NoticeSent, notices.NoticeFailed),
    producers=("notifier",),
    consumers=("router", "intake-web"),
    retention=None,
)


def type_name(model: type[Contract]) -> str:
    """`ce_type` of a contract model."""
    return str(vars(model)["type_name"])


TOPICS: tuple[Topic, ...] = (SUGGESTIONS, CASES, RECORDINGS, HOTLINE_SUBMISSIONS, NOTICES)
BY_NAME: dict[str, Topic] = {topic.name: topic for topic in TOPICS}
EVENT_TYPES: dict[str, type[Contract]] = {type_name(model): model for topic in TOPICS for model in topic.types}
TOPIC_OF: dict[str, str] = {type_name(model): topic.name for topic in TOPICS for model in topic.types}
DEAD_LETTER_RETENTION = timedelta(days=14)
HOTLINE_DEAD_LETTER_RETENTION = timedelta(days=7)
"""Dead letters of hotline-submissions may hold contact data, so they stay as short as their source."""
