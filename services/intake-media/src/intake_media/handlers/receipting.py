"""What a resident comes back with: the receipt, and its link and code beside the contact in the vault."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from intake_media.handlers.incoming import Incoming
from intake_media.ports.residents import ReceiptKeys
from shared.contracts.receipt import Receipt


class Receipting:
    """Derived from the id of a suggestion, so that it is the same every time."""

    def __init__(self, receipts: ReceiptKeys, *, public_web_url: str) -> None:
        self._receipts = receipts
        self._public_web_url = public_web_url.rstrip("/")

    def receipt(self, suggestion_id: str, received_at: datetime) -> Receipt:
        """Of one suggestion."""
        return Receipt(
            suggestion_id=suggestion_id,
            query_code=self._receipts.query_code(suggestion_id),
            tracking_url=self._tracking_url(suggestion_id),
            received_at=received_at,
        )

    def contact(self, incoming: Incoming, suggestion_id: str) -> dict[str, Any] | None:
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

    def _tracking_url(self, suggestion_id: str) -> str:
        return f"{self._public_web_url}/t/{self._receipts.token(suggestion_id)}"
