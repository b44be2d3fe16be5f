"""In-memory stand-ins for what the media adapter needs from outside; for unit and component tests only."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from intake_media.domain.jobs import Earlier, Job, Known, Queue
from intake_media.domain.media import AudioTrack, MediaInfo, MediaLimits
from intake_media.domain.recording import Lane, Recording
from intake_media.domain.transcript import Transcript
from intake_media.ports.media import Derived
from shared.contracts.model import EventData
from shared.contracts.suggestions import MediaRef
from shared.errors import MinshengError, PermanentError, Unavailable
from tests.support.clock import FrozenClock

NOTE = MediaInfo(
    container="matroska", duration_s=6.0, audio=(AudioTrack(index=0, codec="opus", rate_hz=48_000, channels=1),)
)


@dataclass
class Row:
    recording: Recording
    identity: str
    body_hash: str
    events: tuple[EventData, ...]


class FakeRecordings:
    """Accepts, and keeps jobs with a fence; `fail_next` raises once instead."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.fail_next: MinshengError | None = None
        self.beaten_by: Row | None = None
        """Inserted by somebody else just before our insert."""
        self.fences: dict[str, int] = {}
        self.outcomes: dict[str, tuple[Transcript, tuple[MediaRef, ...], tuple[EventData, ...]]] = {}
        self.given_back: list[tuple[str, float, bool]] = []
        self.queues: dict[Lane, list[Job]] = {"voice": [], "video": []}
        self.lacking_copies: list[Job] = []
        self.copied: dict[str, list[str]] = {}
        self.lost_leases = False
        self.noted: list[tuple[int, int]] = []
        self.away = False
        self.renewals = 0

    def _fail(self) -> None:
        error, self.fail_next = self.fail_next, None
        if error is not None:
            raise error

    async def insert(self, recording: Recording, *, identity: str, body_hash: str, events: Sequence[EventData]) -> bool:
        self._fail()
        if self.beaten_by is not None:
            self.rows[self.beaten_by.recording.suggestion_id] = self.beaten_by
        if any(row.identity == identity for row in self.rows.values()):
            return False
        self.rows[recording.suggestion_id] = Row(recording, identity, body_hash, tuple(events))
        return True

    async def insert_announced(self, recording: Recording, *, event_id: str, traceparent: str | None) -> bool:
        there = self.rows.get(recording.suggestion_id)
        if there is None:
            self.rows[recording.suggestion_id] = Row(recording, event_id, "", ())
            return True
        return there.identity == event_id

    async def earlier(self, identity: str) -> Earlier | None:
        self._fail()
        for row in self.rows.values():
            if row.identity == identity:
                return Earlier(row.recording.suggestion_id, row.recording.received_at, row.body_hash)
        return None

    async def find(self, suggestion_id: str) -> Known | None:
        row = self.rows.get(suggestion_id)
        if row is None:
            return None
        derived = self.outcomes.get(suggestion_id, (None, (), ()))[1]
        state: Literal["waiting", "working", "done"] = "working" if self.noted else "done"
        done, total = self.noted[-1] if self.noted else (0, 0)
        return Known(row.recording, (row.recording.original, *derived), state, done, total)

    async def claim(self, lane: Lane) -> Job | None:
        self._fail()
        return self.queues[lane].pop(0) if self.queues[lane] else None

    async def claim_copies(self, lane: Lane) -> Job | None:
        return self.lacking_copies.pop(0) if self.lacking_copies else None

    async def renew(self, job: Job) -> bool:
        self.renewals += 1
        return not self.lost_leases

    async def note_progress(self, job: Job, done: int, total: int) -> None:
        if self.away:
            raise Unavailable("away")
        self.noted.append((done, total))

    async def in_hand(self, lane: Lane) -> Sequence[tuple[int, int]]:
        return self.noted[-1:] if lane == "voice" else []

    async def give_back(self, job: Job, *, after_s: float, failed: bool) -> None:
        self._fail()
        self.given_back.append((job.recording.suggestion_id, after_s, failed))

    async def finish(
        self, job: Job, transcript: Transcript, derived: Sequence[MediaRef], events: Sequence[EventData]
    ) -> bool:
        self._fail()
        if self.fences.get(job.recording.suggestion_id, job.fence) != job.fence:
            return False
        self.outcomes[job.recording.suggestion_id] = (transcript, tuple(derived), tuple(events))
        return True

    async def finish_copies(self, job: Job, derived: Sequence[MediaRef]) -> bool:
        self.copied[job.recording.suggestion_id] = [one.role for one in derived]
        return True

    async def queue(self, lane: Lane) -> Queue:
        return Queue(len(self.queues[lane]), 0.0)


class FakeOriginals:
    """Keeps bytes by address."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}
        self.fail_next: MinshengError | None = None

    async def keep(
        self, key: str, path: Path, *, role: str, media_type: str, duration_s: float | None = None
    ) -> MediaRef:
        if self.fail_next is not None:
            error, self.fail_next = self.fail_next, None
            raise error
        data = path.read_bytes()
        self.held[f"memory:{key}"] = data
        return MediaRef(
            role=role,
            uri=f"memory:{key}",
            sha256=hashlib.sha256(data).hexdigest(),
            size_bytes=len(data),
            media_type=media_type,
            duration_s=duration_s,
        )

    async def fetch(self, media: MediaRef, path: Path, *, max_bytes: int) -> None:
        if self.fail_next is not None:
            error, self.fail_next = self.fail_next, None
            raise error
        if media.uri not in self.held:
            raise PermanentError("not there", code="original-missing")
        path.write_bytes(self.held[media.uri])

    async def discard(self, media: MediaRef) -> None:
        self.held.pop(media.uri, None)

    async def read(self, media: MediaRef, *, start: int, end: int) -> AsyncIterator[bytes]:
        yield self.held[media.uri][start:end]


class FakeContacts:
    """A vault without a lock."""

    def __init__(self) -> None:
        self.held: dict[str, dict[str, Any]] = {}

    async def put(self, contact: dict[str, Any], *, contact_id: str | None = None) -> str:
        assert contact_id is not None
        return self.held.setdefault(contact_id, contact) and contact_id

    async def erase(self, contact_id: str) -> None:
        self.held.pop(contact_id, None)


class FakeProbe:
    """Finds `info` in everything, or refuses everything with `code`."""

    def __init__(self, info: MediaInfo = NOTE, *, code: str | None = None) -> None:
        self.info = info
        self.code = code

    async def probe(self, path: Path) -> MediaInfo:
        if self.code is not None:
            raise PermanentError("refused", code=self.code)
        return self.info


class FakeDerivation:
    """Makes one file of each stage."""

    async def with_transcript(
        self, path: Path, info: MediaInfo, transcript: Transcript, *, room: Path
    ) -> list[Derived]:
        made = room / "captions.vtt"
        made.write_text("WEBVTT")
        return [Derived("captions", made, "text/vtt")]

    async def copies(self, path: Path, info: MediaInfo, *, limits: MediaLimits, room: Path) -> list[Derived]:
        made = room / "audio.m4a"
        made.write_bytes(b"sound")
        return [Derived("audio", made, "audio/mp4", 6.0)]


def recording_of(suggestion_id: str = "01M86APNXFAZ8F96QDBX48EVEV", **changes: Any) -> Recording:
    """A voice note whose original is in the store under `memory:note`."""
    made = Recording(
        suggestion_id=suggestion_id,
        recording_id="01M86APP3QT8DD88S65442KFJR",
        channel="voice",
        received_at=FrozenClock().now(),
        original=MediaRef(
            role="original",
            uri="memory:note",
            sha256=hashlib.sha256(b"note").hexdigest(),
            size_bytes=4,
            media_type="audio/webm",
        ),
        info=NOTE,
    )
    return made.model_copy(update=changes)


def job_of(recording: Recording | None = None, **changes: Any) -> Job:
    """A fresh lease on it."""
    made = Job(
        recording=recording or recording_of(),
        fence=1,
        failures=0,
        losses=0,
        caused_by="01M86APP4F7TJD3N83PZ8EZP9Y",
        traceparent=None,
        document={},
    )
    return replace(made, **changes)


def private_directory_in(folder: Path) -> Any:
    """What a sandbox gives: a fresh directory that is gone afterwards."""

    @contextlib.contextmanager
    def fresh() -> Iterator[Path]:
        import tempfile

        with tempfile.TemporaryDirectory(dir=folder) as name:
            yield Path(name)

    return fresh
