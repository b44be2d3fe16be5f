"""What the media adapter needs from outside, as Protocols."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

from intake_media.domain.jobs import Earlier, Job, Known, Queue
from intake_media.domain.media import MediaInfo, MediaLimits
from intake_media.domain.reading import Reading, Span
from intake_media.domain.recording import Lane, Recording
from intake_media.domain.sound import Samples
from intake_media.domain.transcript import Transcript
from shared.contracts.model import EventData
from shared.contracts.suggestions import MediaRef


@dataclass(frozen=True)
class DecodedSound:
    """Mono samples of a recording, their length in seconds, and what was odd: damaged-media, duration-mismatch."""

    samples: Samples
    duration_s: float
    flags: tuple[str, ...] = ()


class MediaProbe(Protocol):
    """Looks into an uploaded file."""

    async def probe(self, path: Path) -> MediaInfo:
        """PermanentError `not-media` where it holds none of the formats that we take."""
        ...


class SoundDecoder(Protocol):
    """Decodes an uploaded file within limits."""

    async def decode(self, path: Path, info: MediaInfo, limits: MediaLimits) -> DecodedSound:
        """The first sound track mixed to mono; PermanentError with a code where it is refused."""
        ...

    def other_views(self, path: Path, info: MediaInfo, limits: MediaLimits) -> AsyncIterator[DecodedSound]:
        """Single channels and further tracks, for recordings whose mix says nothing."""
        ...


Heard = Callable[[int, int], None]
"""Told how many stretches of a long recording were heard, of how many."""


class Transcriber(Protocol):
    """Speech to judged text."""

    async def transcribe(
        self, samples: Samples, *, deadline_s: float, flags: tuple[str, ...] = (), progress: Heard | None = None
    ) -> Transcript:
        """`flags` of the decoder count in the verdict; `progress` is told of stretches heard, on the event loop.

        TransientError when the engine hung, crashed or failed.
        """
        ...


class SpeechDetector(Protocol):
    """Finds where somebody speaks."""

    def speech(self, samples: Samples) -> list[Span]:
        """Stretches of speech in order; none where nobody speaks."""
        ...


class SpeechEngine(Protocol):
    """One Whisper implementation with its weights loaded; `read` may be called from several threads."""

    name: str
    model: str

    def read(self, samples: Samples, *, window_s: int, beam: int, timed: bool) -> Reading:
        """Candidate texts for at most `window_s` seconds of sound, padded to the window, in Chinese.

        `timed` asks when the favourite's characters are said; an engine that can't tell leaves it out.
        """
        ...


class Script(Protocol):
    """Writes Chinese in Simplified characters."""

    def simplified(self, text: str) -> str:
        """`text` with Traditional characters replaced; numbers and everything else as they are."""
        ...


class RecordingStore(Protocol):
    """Accepted recordings; one write keeps the document, its waiting job and its events."""

    async def insert(self, recording: Recording, *, identity: str, body_hash: str, events: Sequence[EventData]) -> bool:
        """False when another one was accepted under `identity`; a repeat of the very same recording is True."""
        ...

    async def earlier(self, identity: str) -> Earlier | None:
        """What `identity` stands for."""
        ...

    async def find(self, suggestion_id: str) -> Known | None:
        """The recording of a suggestion."""
        ...


class AnnouncedRecordings(Protocol):
    """Recordings that another service accepted."""

    async def insert_announced(self, recording: Recording, *, event_id: str, traceparent: str | None) -> bool:
        """Put it into its queue once; False when the suggestion has another recording."""
        ...


class Jobs(Protocol):
    """The queue of a lane."""

    async def claim(self, lane: Lane) -> Job | None:
        """The oldest recording that is due, leased to us; None when there is none."""
        ...

    async def renew(self, job: Job) -> bool:
        """Keep it; False when it was taken over."""
        ...

    async def note_progress(self, job: Job, done: int, total: int) -> None:
        """Keep how many stretches of its sound were heard, of how many, while it is ours."""
        ...

    async def in_hand(self, lane: Lane) -> Sequence[tuple[int, int]]:
        """For each recording that is being worked on: stretches heard, of how many (0 of 0: not known)."""
        ...

    async def give_back(self, job: Job, *, after_s: float, failed: bool) -> None:
        """Let anybody have it `after_s` seconds from now; a failure is counted."""
        ...

    async def finish(
        self, job: Job, transcript: Transcript, derived: Sequence[MediaRef], events: Sequence[EventData]
    ) -> bool:
        """Write outcome and events in one; False when it was taken over, and nothing was written."""
        ...

    async def claim_copies(self, lane: Lane) -> Job | None:
        """The oldest published recording that still lacks the files which are made later; leased to us."""
        ...

    async def finish_copies(self, job: Job, derived: Sequence[MediaRef]) -> bool:
        """Name those files (maybe none); False when the job was taken over."""
        ...

    async def queue(self, lane: Lane) -> Queue:
        """How much waits there."""
        ...


class Originals(Protocol):
    """Files behind claim checks."""

    async def keep(
        self, key: str, path: Path, *, role: str, media_type: str, duration_s: float | None = None
    ) -> MediaRef:
        """Store a file durably under a new key and return its claim check."""
        ...

    async def fetch(self, media: MediaRef, path: Path, *, max_bytes: int) -> None:
        """Copy to `path`. PermanentError `foreign-uri`, `original-missing`, `too-large` or `hash-mismatch`."""
        ...

    async def discard(self, media: MediaRef) -> None:
        """Remove a file that nothing refers to."""
        ...

    def read(self, media: MediaRef, *, start: int, end: int) -> AsyncIterator[bytes]:
        """Bytes from `start` up to, not including, `end`, in pieces."""
        ...


class KeptFiles(Protocol):
    """All files of recordings, for finding those that nothing names."""

    def of_day(self, day: date, *, before: datetime) -> AsyncIterator[tuple[str, str]]:
        """(suggestion id, address) of files of that day's recordings, written before a moment."""
        ...

    async def remove(self, uri: str) -> None:
        """Delete one."""
        ...


class Contacts(Protocol):
    """The contact vault, as far as intake needs it."""

    async def put(self, contact: dict[str, Any], *, contact_id: str | None = None) -> str:
        """Keep a contact; the same id again keeps the first."""
        ...

    async def erase(self, contact_id: str) -> None:
        """Forget it."""
        ...


class ReceiptKeys(Protocol):
    """Codes and links derived from a suggestion id (`shared.receipts.Receipts` fits)."""

    def query_code(self, suggestion_id: str) -> str: ...
    def token(self, suggestion_id: str) -> str: ...
    def suggestion_of(self, token: str) -> str | None: ...


@dataclass(frozen=True)
class Derived:
    """A file made from a recording, metadata stripped: role poster, web-copy, captions, …"""

    role: str
    path: Path
    media_type: str
    duration_s: float | None = None


class Derivation(Protocol):
    """Makes what people look at and listen to from an original; what can't be made is left out."""

    async def with_transcript(
        self, path: Path, info: MediaInfo, transcript: Transcript, *, room: Path
    ) -> list[Derived]:
        """What is published together with the text; quick. Files in `room`."""
        ...

    async def copies(self, path: Path, info: MediaInfo, *, limits: MediaLimits, room: Path) -> list[Derived]:
        """What may take its time, above all a copy that every browser plays. Files in `room`."""
        ...


class CallLimits(Protocol):
    """How often one address may send; PermanentError `rate-limited` beyond it."""

    async def admit(self, address: str) -> None:
        """Before a body is read: whether any channel would take it."""
        ...

    async def count(self, lane: Lane | None, address: str) -> None:
        """One call of a channel; None where it names none of ours."""
        ...
