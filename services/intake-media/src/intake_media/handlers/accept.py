"""Takes an uploaded recording: look into it, keep the original, then one write that accepts it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any, TypeVar

from ulid import ULID

from intake_media.domain.jobs import Earlier
from intake_media.domain.places import place_of
from intake_media.domain.recording import Recording
from intake_media.domain.recording_events import received_event
from intake_media.handlers.incoming import Incoming, check_key, identity_of
from intake_media.handlers.inspection import Inspection
from intake_media.handlers.receipting import Receipting
from intake_media.ports.files import Originals
from intake_media.ports.media import MediaProbe
from intake_media.ports.recordings import RecordingStore
from intake_media.ports.residents import Contacts, ReceiptKeys
from shared.clock import Clock
from shared.contracts.receipt import Receipt
from shared.contracts.suggestions import MediaRef
from shared.errors import Conflict, MinshengError, Unavailable

Result = TypeVar("Result")

PATIENCE_S = 1.6
"""A resident hears within two seconds that the database does not answer."""
KEY_REUSED = "This Idempotency-Key was used before with other contents."
TRY_AGAIN = "We could not store your recording just now. Please send it again in a moment."


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
        self._inspect = Inspection(probe)
        self._receipting = Receipting(receipts, public_web_url=public_web_url)
        self._towns = towns
        self._clock = clock

    async def __call__(self, incoming: Incoming) -> Receipt:
        """The receipt.

        Raises:
            Conflict: `idempotency-key-reused`.
            PermanentError: what is wrong with the file (codes of `inspection.REFUSALS`); InvalidInput `unknown-town`.
            TransientError: not known to be accepted; send it again with the same key.
        """
        check_key(incoming.key)
        place = place_of(incoming.submission, self._towns)
        suggestion_id = str(ULID())
        identity = identity_of(incoming.key) if incoming.key is not None else suggestion_id
        body_hash = incoming.body_hash
        if incoming.key is not None:
            earlier = await _in_time(self._recordings.earlier(identity))
            if earlier is not None:
                return self._again(earlier, body_hash)
        info = await self._inspect(incoming)
        now = self._clock.now()
        original = await self._originals.keep(
            f"recordings/{now:%Y-%m-%d}/{suggestion_id}/original",
            incoming.path,
            role="original",
            media_type=info.media_type,
            duration_s=info.duration_s,
        )
        contact = self._receipting.contact(incoming, suggestion_id)
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
            return self._receipting.receipt(suggestion_id, now)
        winner = await _in_time(self._recordings.earlier(identity))
        if winner is None:
            raise Unavailable(TRY_AGAIN)
        if winner.suggestion_id != suggestion_id:
            # Somebody was quicker with the same key: what we kept meanwhile leads nowhere.
            await self._forget(original, contact_id)
        return self._again(winner, body_hash)

    async def receipt_for(self, key: str) -> Receipt | None:
        """The receipt of what was accepted under a key, whatever its body was."""
        earlier = await _in_time(self._recordings.earlier(identity_of(key)))
        return self._receipting.receipt(earlier.suggestion_id, earlier.received_at) if earlier else None

    async def _write(self, recording: Recording, contact: dict[str, Any] | None, identity: str, body_hash: str) -> bool:
        """False when another recording was accepted under the identity meanwhile."""
        if contact is not None:
            # First the contact: an event that names one which is not there yet could not be answered.
            await self._contacts.put(contact, contact_id=recording.contact_id)
        return await self._recordings.insert(
            recording, identity=identity, body_hash=body_hash, events=[received_event(recording)]
        )

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
        return self._receipting.receipt(earlier.suggestion_id, earlier.received_at)


async def _in_time(work: Awaitable[Result]) -> Result:
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await work
    except TimeoutError:
        raise Unavailable(TRY_AGAIN) from None
