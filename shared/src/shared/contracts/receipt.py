"""The receipt that every channel answers with."""

from __future__ import annotations

from shared.contracts.model import Moment, Strict


class Receipt(Strict):
    """Keep it: the query code or the link show what becomes of the suggestion, without an account."""

    suggestion_id: str
    query_code: str
    tracking_url: str
    received_at: Moment
