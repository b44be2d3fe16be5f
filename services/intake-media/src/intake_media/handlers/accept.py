"""Takes an uploaded recording: look into it, keep the original, then one write that accepts it."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from ulid import ULID

from intake_media.domain.jobs import Earlier
from intake_media.domain.media import MediaInfo, refusal
from intake_media.domain.recording import RULES, Lane, Recording, received_event
from intake_media.ports.files import Originals
from intake_media.ports.media import MediaProbe
from intake_media.ports.recordings import RecordingStore
from intake_media.ports.residents import Contacts, ReceiptKeys
from shared.clock import Clock
from shared.contracts.receipt import Receipt
from shared.contracts.submissions import Submission
from shared.contracts.suggestions import MediaRef, Place
from shared.errors import Conflict, InvalidInput, MinshengError, PermanentError, Unavailable

Result = TypeVar("Result")

PROBES_AT_ONCE = 2
PATIENCE_S = 1.6
"""A resident hears within two seconds that the database does not answer."""
KEY_GRAMMAR = re.compile(r"[\x20-\x7e]{1,200}")

# Codes of the lane's refusals, in words for residents; each is a msgid of the catalogue.
REFUSALS = {
    "not-media": "This file is not a sound or video recording that we can read.",
    "empty": "The file is empty.",
    "no-audio-track": "There is no sound in this file.",
    "unsupported-format": "The sound in this file is in a format that we cannot read.",
    "damaged": "The file is damaged and cannot be read.",
    "too-long": "The recording is too long: at most 10 minutes for voice, 15 minutes for video.",
    "too-short": "The recording is too short; please record it again.",
}
KEY_REUSED = "This Idempotency-Key was used before with other contents."
KEY_UNUSABLE = "An Idempotency-Key has 1 to 200 printable ASCII characters."
TRY_AGAIN = "We could not store your recording just now. Please send it again in a moment."
UNKNOWN_TOWN = "This town or street is not one of the district's."


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """An upload that is complete on our disk; `sha256` in hex, `language` for notices."""

    channel: Lane
    submission: Submission
    path: Path
    size_bytes: int
    sha256: str
    key: str | None
    language: str


class Accept:
    """Accepts recordings; the same key and body again give the same receipt. `towns`: id by every name of a town."""

    def __init__(
        self,
        *,
        recordings: RecordingStore,
        originals: Originals,
        contacts: Contacts,
        probe: MediaProbe,
        receipts: ReceiptKeys,
        towns: Mapping[str, str],
        clock: Clock,
        public_web_url: str,
    ) -> None:
        self._recordings = recordings
        self._originals = originals
        self._contacts = contacts
        self._probe = probe
        self._receipts = receipts
        self._towns = towns
        self._clock = clock
        self._public_web_url = public_web_url.rstrip("/")
        self._probing = asyncio.Semaphore(PROBES_AT_ONCE)

    async def __call__(self, incoming: Incoming) -> Receipt:
        """The receipt.

        Raises:
            Conflict: `idempotency-key-reused`.
            PermanentError: what is wrong with the file (codes of `REFUSALS`); InvalidInput `unknown-town`.
            TransientError: not known to be accepted; send it again with the same key.
        """
        if incoming.key is not None and not KEY_GRAMMAR.fullmatch(incoming.key):
            raise InvalidInput(KEY_UNUSABLE, code="bad-idempotency-key")
        place = self._place(incoming.submission)
        suggestion_id = str(ULID())
        identity = _identity(incoming.key) if incoming.key is not None else suggestion_id
        body_hash = _body_hash(incoming)
        if incoming.key is not None:
            earlier = await _in_time(self._recordings.earlier(identity))
            if earlier is not None:
                return self._again(earlier, body_hash)
        info = await self._look(incoming)
        now = self._clock.now()
        original = await self._originals.keep(
            f"recordings/{now:%Y-%m-%d}/{suggestion_id}/original",
            incoming.path,
            role="original",
            media_type=info.media_type,
            duration_s=info.duration_s,
        )
        contact = self._contact(incoming, suggestion_id)
        contact_id = f"contact-{suggestion_id}" if contact else None
        submission = incoming.submission
        recording = Recording(
            suggestion_id=suggestion_id,
            recording_id=str(ULID()),
            channel=incoming.channel,
            received_at=now,
            original=original,
            info=info,
            written=submission.text,
            place=place,
            kind=submission.kind,
            campaign_id=submission.campaign_id,
            collection_point_id=submission.collection_point_id,
            identity=submission.identity,
            contact_id=contact_id,
            on_behalf=submission.on_behalf,
        )
        if await _in_time(self._write(recording, contact, identity, body_hash)):
            return self._receipt(suggestion_id, now)
        winner = await _in_time(self._recordings.earlier(identity))
        if winner is None:
            raise Unavailable(TRY_AGAIN)
        if winner.suggestion_id != suggestion_id:
            # Somebody was quicker with the same key: what we kept meanwhile leads nowhere.
            await self._forget(original, contact_id)
        return self._again(winner, body_hash)

    async def receipt_for(self, key: str) -> Receipt | None:
        """The receipt of what was accepted under a key, whatever its body was."""
        earlier = await _in_time(self._recordings.earlier(_identity(key)))
        return self._receipt(earlier.suggestion_id, earlier.received_at) if earlier else None

    async def _write(self, recording: Recording, contact: dict[str, Any] | None, identity: str, body_hash: str) -> bool:
        """False when another recording was accepted under the identity meanwhile."""
        if contact is not None:
            # First the contact: an event that names one which is not there yet could not be answered.
            await self._contacts.put(contact, contact_id=recording.contact_id)
        return await self._recordings.insert(
            recording, identity=identity, body_hash=body_hash, events=[received_event(recording)]
        )

    async def _look(self, incoming: Incoming) -> MediaInfo:
        if incoming.size_bytes == 0:
            raise _refused("empty", "not-media")
        async with self._probing:
            try:
                info = await self._probe.probe(incoming.path)
            except PermanentError as error:
                raise _refused(error.code, error.code) from None
        refused = refusal(info, RULES[incoming.channel].media)
        if refused is not None:
            raise _refused(refused.code, refused.code)
        return info

    def _place(self, submission: Submission) -> Place | None:
        if submission.place is None:
            return None
        found = submission.place.model_dump(exclude_none=True)
        if "town" in found:
            town = self._towns.get(found["town"].strip())
            if town is None:
                raise InvalidInput(UNKNOWN_TOWN, code="unknown-town", pointer="/place/town")
            found["town"] = town
        return Place.model_validate(found) if found else None

    def _contact(self, incoming: Incoming, suggestion_id: str) -> dict[str, Any] | None:
        """What the vault keeps: how to reach the resident, and the link and code that notices repeat."""
        contact = incoming.submission.contact
        if contact is None or contact.empty:
            return None
        return {
            **contact.model_dump(),
            "language": contact.language or incoming.language,
            "tracking_url": self._tracking_url(suggestion_id),
            "query_code": self._receipts.query_code(suggestion_id),
        }

    async def _forget(self, original: MediaRef, contact_id: str | None) -> None:
        try:
            await self._originals.discard(original)
            if contact_id is not None:
                await self._contacts.erase(contact_id)
        except MinshengError:
            return  # The sweep by age finds the file; the contact is under an id that nothing names.

    def _again(self, earlier: Earlier, body_hash: str) -> Receipt:
        if earlier.body_hash != body_hash:
            raise Conflict(KEY_REUSED, code="idempotency-key-reused")
        return self._receipt(earlier.suggestion_id, earlier.received_at)

    def _receipt(self, suggestion_id: str, received_at: datetime) -> Receipt:
        return Receipt(
            suggestion_id=suggestion_id,
            query_code=self._receipts.query_code(suggestion_id),
            tracking_url=self._tracking_url(suggestion_id),
            received_at=received_at,
        )

    def _tracking_url(self, suggestion_id: str) -> str:
        return f"{self._public_web_url}/t/{self._receipts.token(suggestion_id)}"


async def _in_time(work: Awaitable[Result]) -> Result:
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await work
    except TimeoutError:
        raise Unavailable(TRY_AGAIN) from None


def _identity(key: str) -> str:
    return "key:" + hashlib.sha256(key.encode()).hexdigest()


def _body_hash(incoming: Incoming) -> str:
    submission = incoming.submission.model_dump_json()
    return hashlib.sha256(f"{incoming.channel}\n{incoming.sha256}\n{submission}".encode()).hexdigest()


def _refused(message: str, code: str) -> PermanentError:
    return PermanentError(REFUSALS.get(message, REFUSALS["not-media"]), code=code, pointer="/file")
