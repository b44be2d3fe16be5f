"""The document of a recording: what an accepted one starts with, its states, and the job that is read from it."""

from __future__ import annotations

from datetime import datetime

from intake_media.domain.jobs import Job
from intake_media.domain.recording import Recording
from shared.storage.mongo import Document

SOURCE = "intake-media"
WAITING, WORKING, DONE = "waiting", "working", "done"
COPIES_WAIT, COPYING = "copies-wait", "copying"


def waiting_fields(
    recording: Recording, *, identity: str, body_hash: str, caused_by: str | None, at: datetime
) -> Document:
    """Of a recording whose job waits from `at` on; `caused_by` is the id of its `recording.received.v1`."""
    return {
        "_id": recording.suggestion_id,
        "identity": identity,
        "body_hash": body_hash,
        "lane": recording.lane,
        "state": WAITING,
        "next_at": at,
        "fence": 0,
        "received_at": recording.received_at,
        "caused_by": caused_by,
        "recording": recording.model_dump(mode="json"),
    }


def job_in(document: Document) -> Job:
    """The job of a document that was just claimed."""
    failures = int(document.get("failures", 0))
    return Job(
        recording=Recording.model_validate(document["recording"]),
        fence=document["fence"],
        failures=failures,
        losses=document["fence"] - 1 - failures - int(document.get("given_back", 0)),
        caused_by=document.get("caused_by"),
        traceparent=document.get("traceparent"),
        document=document,
    )
