"""The Kafka edge: which event goes to which use case. Group `router`."""

from __future__ import annotations

from router.handlers.open_case import NoteCopies, NoteNotice, OpenCase, ReviseCase
from shared.contracts.notices import NoticeFailed, NoticeSent
from shared.contracts.recordings import RecordingCopied
from shared.contracts.suggestions import SuggestionCorrected, SuggestionSubmitted, SuggestionWithdrawn
from shared.messaging.attempts import Handler

GROUP = "router"


def of_suggestions(open_case: OpenCase, revise: ReviseCase) -> dict[str, Handler]:
    """Topic `suggestions`."""
    return {
        SuggestionSubmitted.type_name: open_case,
        SuggestionCorrected.type_name: revise.correct,
        SuggestionWithdrawn.type_name: revise.withdraw,
    }


def of_notices(note: NoteNotice) -> dict[str, Handler]:
    """Topic `notices`."""
    return {NoticeSent.type_name: note, NoticeFailed.type_name: note}


def of_recordings(note: NoteCopies) -> dict[str, Handler]:
    """Topic `recordings`."""
    return {RecordingCopied.type_name: note}
