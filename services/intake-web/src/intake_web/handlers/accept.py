"""Accept a suggestion in writing: one write, then the receipt."""

from __future__ import annotations

import asyncio
import re

from intake_web.domain import suggestion
from intake_web.domain.suggestion import Accepted, Kept
from intake_web.ports import Contacts, Identities, Places, Receipts, Suggestions
from shared.clock import Clock
from shared.contracts.receipt import Receipt
from shared.contracts.submissions import SubmittedContact, TextSubmission
from shared.errors import Conflict, InvalidInput, Unavailable

PATIENCE_S = 1.6
"""A resident hears within two seconds that the database does not answer."""
KEY_GRAMMAR = re.compile(r"[\x20-\x7e]{1,200}")
KEY_REUSED = "This Idempotency-Key was used before with another body."
KEY_UNUSABLE = "An Idempotency-Key has 1 to 200 printable ASCII characters."
UNKNOWN_TOWN = "This town or street is not one of the district's."
TRY_AGAIN = "We could not store your suggestion just now. Please send it again in a moment."


class Accept:
    """Returns the receipt, the same one for a repeat under the same key."""

    def __init__(
        self,
        suggestions: Suggestions,
        contacts: Contacts,
        receipts: Receipts,
        places: Places,
        identities: Identities,
        clock: Clock,
        *,
        web_url: str,
    ) -> None:
        self._suggestions = suggestions
        self._contacts = contacts
        self._receipts = receipts
        self._places = places
        self._identities = identities
        self._clock = clock
        self._web_url = web_url.rstrip("/")

    async def __call__(self, submission: TextSubmission, *, key: str | None, language: str) -> Receipt:
        """Write the aggregate with its event.

        Raises:
            InvalidInput: `unknown-town`, `bad-idempotency-key`.
            Conflict: `idempotency-key-reused`, the key stands for another body.
            Unavailable, OutcomeUnknown: not known to be stored; send again, best with the same key.
        """
        if key is not None and not KEY_GRAMMAR.fullmatch(key):
            raise InvalidInput(KEY_UNUSABLE, code="bad-idempotency-key")
        accepted = self._build(submission, key)
        try:
            async with asyncio.timeout(PATIENCE_S):
                kept = await self._write(accepted, submission.contact, language)
        except TimeoutError:
            raise Unavailable(TRY_AGAIN) from None
        if kept is None:
            return self.receipt(accepted.suggestion_id, accepted)
        if kept.body_hash != accepted.body_hash:
            raise Conflict(KEY_REUSED, code="idempotency-key-reused")
        return self.receipt(kept.suggestion_id, kept)

    def receipt(self, suggestion_id: str, kept: Accepted | Kept) -> Receipt:
        """Derived from the id, so that it is the same every time."""
        return Receipt(
            suggestion_id=suggestion_id,
            query_code=self._receipts.query_code(suggestion_id),
            tracking_url=self.tracking_url(suggestion_id),
            received_at=kept.received_at,
        )

    def tracking_url(self, suggestion_id: str) -> str:
        """The link that its holder follows the suggestion by."""
        return f"{self._web_url}/t/{self._receipts.token(suggestion_id)}"

    def _build(self, submission: TextSubmission, key: str | None) -> Accepted:
        town = None
        if submission.place is not None and submission.place.town:
            town = self._places.town_id(submission.place.town)
            if town is None:
                raise InvalidInput(UNKNOWN_TOWN, code="unknown-town", pointer="/place/town")
        suggestion_id, now = self._identities.new(), self._clock.now()
        channel = suggestion.channel_of(submission, self._places.collection_points)
        reachable = submission.contact is not None and not submission.contact.empty
        return Accepted(
            suggestion_id=suggestion_id,
            event_id=self._identities.new(),
            received_at=now,
            channel=channel,
            code_hash=self._receipts.code_hash(self._receipts.query_code(suggestion_id)),
            body_hash=suggestion.body_hash(submission),
            idempotency=suggestion.key_hash(key) if key is not None else None,
            event=suggestion.submitted_in_writing(
                submission,
                suggestion_id=suggestion_id,
                received_at=now,
                channel=channel,
                town=town,
                contact_id=suggestion.contact_id_of(suggestion_id) if reachable else None,
            ),
        )

    async def _write(self, accepted: Accepted, contact: SubmittedContact | None, language: str) -> Kept | None:
        """None when it is written; what was kept before under its key otherwise."""
        contact_id = accepted.event.contact_id
        if contact is not None and contact_id is not None:
            if accepted.idempotency and (kept := await self._suggestions.by_key(accepted.idempotency)):
                return kept
            # First the contact: an event that names one which is not there yet could not be answered.
            await self._contacts.put(self._contact(contact, accepted.suggestion_id, language), contact_id=contact_id)
        if await self._suggestions.add(accepted):
            return None
        kept = await self._suggestions.by_key(accepted.idempotency) if accepted.idempotency else None
        if kept is None:
            raise Unavailable(TRY_AGAIN)
        if contact_id is not None:
            await self._contacts.erase(contact_id)  # of the loser of two simultaneous sends
        return kept

    def _contact(self, contact: SubmittedContact, suggestion_id: str, language: str) -> dict[str, str | None]:
        return {
            **contact.model_dump(),
            "language": contact.language or language,
            "tracking_url": self.tracking_url(suggestion_id),
            "query_code": self._receipts.query_code(suggestion_id),
        }
