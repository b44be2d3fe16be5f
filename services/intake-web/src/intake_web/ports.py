"""What the use cases need from outside."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from intake_web.domain.hotline_access import HotlineAccess
from intake_web.domain.suggestion import Accepted, Kept
from intake_web.domain.timeline import Fact
from shared.contracts.suggestions import SuggestionCorrected


class Suggestions(Protocol):
    """Aggregates of accepted suggestions, each with its outbox."""

    async def add(self, accepted: Accepted) -> bool:
        """Write it once and have its event published; False when its identity, key or work order is taken.

        A write whose outcome is unknown is sent again with the same identity.
        """
        ...

    async def by_key(self, idempotency: str) -> Kept | None:
        """What an idempotency key created."""
        ...

    async def by_work_order(self, source: str, external_id: str) -> Kept | None:
        """What a hotline's work order created."""
        ...

    async def by_code(self, code_hash: str) -> Kept | None:
        """What a query code was issued for."""
        ...


class Tracking(Protocol):
    """The projection: the facts known of each suggestion, from events only."""

    async def note(self, suggestion_id: str, code_hash: str, fact: Fact) -> None:
        """Keep a fact; the same one again changes nothing."""
        ...

    async def by_code(self, code_hash: str) -> tuple[str, list[Fact]] | None:
        """Suggestion and facts for a query code."""
        ...


class Acts(Protocol):
    """What residents do after submitting, each act a document with its outbox."""

    async def correct(self, act_id: str, correction: SuggestionCorrected) -> None:
        """Keep and publish; the same act again changes nothing."""
        ...


class Contacts(Protocol):
    """The vault (fulfilled by `shared.storage.vault.Vault`)."""

    async def put(self, contact: dict[str, Any], *, contact_id: str | None = None) -> str: ...
    async def erase(self, contact_id: str) -> None: ...


class Recordings(Protocol):
    """The blob store, as far as a hotline may point into it (fulfilled by `shared.storage.blobs.Blobs`)."""

    def key_of(self, uri: str) -> str | None: ...
    async def size(self, key: str) -> int: ...


class Receipts(Protocol):
    """Query codes and tracking tokens (fulfilled by `shared.receipts.Receipts`)."""

    def query_code(self, suggestion_id: str) -> str: ...
    def code_hash(self, query_code: str) -> str: ...
    def token(self, suggestion_id: str) -> str: ...
    def suggestion_of(self, token: str) -> str | None: ...


class Places(Protocol):
    """Towns, hotlines and collection points of the district pack."""

    def town_id(self, name: str) -> str | None:
        """Id of a town by id, name or alias."""
        ...

    @property
    def sources(self) -> frozenset[str]:
        """Hotlines that may publish."""
        ...

    @property
    def collection_points(self) -> frozenset[str]: ...


class HotlineAccesses(Protocol):
    """Hotlines that operators let in."""

    async def by_name(self, name: str) -> HotlineAccess | None: ...

    async def by_token(self, sha256: str) -> HotlineAccess | None:
        """The hotline that has, or had, a token with this hash."""
        ...

    async def all(self) -> list[HotlineAccess]: ...

    async def save(self, access: HotlineAccess) -> None:
        """Keep it if nobody changed it since it was read (version one less); else `Conflict`."""
        ...


class HotlinePrincipals(Protocol):
    """Hotlines as users of a guarded Kafka."""

    def user(self, name: str) -> str: ...

    async def admit(self, name: str, password: str) -> None:
        """Make the user with its single grant, or change its password."""
        ...

    async def dismiss(self, name: str) -> None:
        """Remove grant and user; one that is not there is no error."""
        ...


class KnownHotlines(Protocol):
    """Hotlines beyond those of the pack and the settings."""

    async def knows(self, name: str) -> bool: ...


class Identities(Protocol):
    """Sortable ids (ULID)."""

    def new(self) -> str: ...

    def derived(self, moment: datetime, seed: str) -> str:
        """The same id for the same moment and seed."""
        ...


class Changes(Protocol):
    """Tells live pages of this process that a suggestion has news."""

    def announce(self, suggestion_id: str) -> None: ...

    async def wait(self, suggestion_id: str, timeout_s: float) -> bool:
        """True when there was news within the time."""
        ...


Contact = Mapping[str, str | None]
