"""A case as Mongo holds it, beside the events that tell of it, and the place in time that its id tells."""

from __future__ import annotations

from datetime import datetime

from ulid import ULID

from router.domain.case import Case
from shared.storage.mongo import Document

WITHOUT_EVENTS = {"outbox": 0}


def document_of(case: Case) -> Document:
    """Absent instead of null: the sparse indexes hold only what waits, and small documents are cheap to change."""
    return {"_id": case.suggestion_id, **case.model_dump(mode="python", exclude={"suggestion_id"}, exclude_none=True)}


def case_of(document: Document) -> Case:
    return Case.model_validate({**document, "suggestion_id": document["_id"]})


def first_id(moment: datetime) -> str:
    """The least id of a suggestion that was accepted at this moment."""
    return str(ULID.from_datetime(moment))[:10] + "0" * 16


def moment_of(suggestion_id: str) -> datetime:
    """When a suggestion was accepted."""
    return ULID.from_str(suggestion_id).datetime


def time_of(suggestion_id: str | None) -> datetime | None:
    """`moment_of`, and None for what is no id."""
    try:
        return ULID.from_str(suggestion_id).datetime if suggestion_id else None
    except ValueError:
        return None
