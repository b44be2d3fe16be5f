"""Turn a hotline's work order into our own event; its contact data goes into the vault and no further."""

from __future__ import annotations

from dataclasses import dataclass

from intake_web.domain import suggestion
from intake_web.domain.suggestion import Accepted, Kept
from intake_web.ports import Contacts, Identities, KnownHotlines, Places, Receipts, Recordings, Suggestions
from shared.contracts.hotline import HotlineSubmitted
from shared.contracts.suggestions import MediaRef, Place
from shared.errors import PermanentError, Unavailable

UNKNOWN_SOURCE = "This source is not one of the hotlines that may publish."
FOREIGN_URI = "A recording must lie in our own store, under the hotline's own folder."
CONFLICTING = "This work order was submitted before with another text."
UNKNOWN_TOWN = "This town or street is not one of the district's."


@dataclass(frozen=True, kw_only=True)
class Normalised:
    """Where a work order went."""

    event_id: str
    suggestion_id: str


class NormaliseHotline:
    """The same (source, external_id) again is the same submission."""

    def __init__(
        self,
        suggestions: Suggestions,
        contacts: Contacts,
        receipts: Receipts,
        places: Places,
        identities: Identities,
        recordings: Recordings,
        *,
        web_url: str,
        others: KnownHotlines | None = None,
    ) -> None:
        self._suggestions = suggestions
        self._contacts = contacts
        self._receipts = receipts
        self._places = places
        self._identities = identities
        self._recordings = recordings
        self._web_url = web_url.rstrip("/")
        self._others = others

    async def __call__(self, order: HotlineSubmitted, *, causation_id: str | None) -> Normalised:
        """Write the aggregate with its event, once.

        Raises:
            PermanentError: `unknown-source`, `unknown-town`, `foreign-uri`, `conflicting-repeat`, `not-found`
                (no such recording).
        """
        if not await self._may_publish(order.source):
            raise PermanentError(UNKNOWN_SOURCE, code="unknown-source", pointer="/source")
        kept = await self._suggestions.by_work_order(order.source, order.external_id)
        if kept is None:
            accepted = await self._build(order, causation_id)
            await self._keep_contact(order, accepted)
            if await self._suggestions.add(accepted):
                return Normalised(event_id=accepted.event_id, suggestion_id=accepted.suggestion_id)
            kept = await self._suggestions.by_work_order(order.source, order.external_id)
            if kept is None:
                raise Unavailable("the work order could not be stored")
            if kept.suggestion_id != accepted.suggestion_id and accepted.event.contact_id is not None:
                await self._contacts.erase(accepted.event.contact_id)
        return self._same(kept, order)

    async def _may_publish(self, source: str) -> bool:
        return source in self._places.sources or (self._others is not None and await self._others.knows(source))

    def _same(self, kept: Kept, order: HotlineSubmitted) -> Normalised:
        if kept.body_hash != suggestion.order_hash(order):
            raise PermanentError(CONFLICTING, code="conflicting-repeat", pointer="/external_id")
        return Normalised(event_id=kept.event_id, suggestion_id=kept.suggestion_id)

    async def _build(self, order: HotlineSubmitted, causation_id: str | None) -> Accepted:
        media = await self._media(order)
        # Derived, so that a redelivery after a crash repeats nothing, in the vault either.
        seed = f"{order.source}\x00{order.external_id}"
        suggestion_id = self._identities.derived(order.received_at, seed)
        has_contact = order.contact is not None and any((order.contact.name, order.contact.phone, order.contact.email))
        event = suggestion.submitted_by_hotline(
            order,
            suggestion_id=suggestion_id,
            recording_id=self._identities.derived(order.received_at, f"recording\x00{seed}"),
            place=self._place(order.place),
            contact_id=suggestion.contact_id_of(suggestion_id) if has_contact else None,
            media=media,
        )
        is_recording = order.text is None
        return Accepted(
            suggestion_id=suggestion_id,
            event_id=self._identities.new(),
            received_at=order.received_at,
            channel="hotline",
            code_hash=self._receipts.code_hash(self._receipts.query_code(suggestion_id)),
            body_hash=suggestion.order_hash(order),
            event=event,
            hotline=(order.source, order.external_id),
            causation_id=causation_id,
            key=f"{order.source}:{order.external_id}" if is_recording else None,
        )

    def _place(self, place: Place | None) -> Place | None:
        if place is None or not place.town:
            return place
        town = self._places.town_id(place.town)
        if town is None:
            raise PermanentError(UNKNOWN_TOWN, code="unknown-town", pointer="/place/town")
        return place.model_copy(update={"town": town})

    async def _media(self, order: HotlineSubmitted) -> MediaRef | None:
        if order.recording is None:
            return None
        key = self._recordings.key_of(order.recording.uri)
        if key is None or not key.startswith(f"hotline/{order.source}/"):
            raise PermanentError(FOREIGN_URI, code="foreign-uri", pointer="/recording/uri")
        size = await self._recordings.size(key)
        return suggestion.recording_of(order.recording.uri, order.recording.sha256, size)

    async def _keep_contact(self, order: HotlineSubmitted, accepted: Accepted) -> None:
        contact_id = accepted.event.contact_id
        if order.contact is None or contact_id is None:
            return
        link = f"{self._web_url}/t/{self._receipts.token(accepted.suggestion_id)}"
        contact = {
            **order.contact.model_dump(),
            "language": order.contact.language or "zh-CN",
            "tracking_url": link,
            "query_code": self._receipts.query_code(accepted.suggestion_id),
        }
        await self._contacts.put(contact, contact_id=contact_id)
