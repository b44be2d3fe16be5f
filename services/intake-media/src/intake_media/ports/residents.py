"""What a resident is reached by and comes back with: contact data, codes and links."""

from __future__ import annotations

from typing import Any, Protocol


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
