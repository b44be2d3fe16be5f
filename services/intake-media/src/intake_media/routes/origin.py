"""Whose pages may send here: ours alone. Programs that are no browsers send no Origin and pass."""

from __future__ import annotations

from starlette.requests import Request

from shared.errors import Forbidden

FOREIGN = "This form was sent from another site."


def check_origin(request: Request, allowed: frozenset[str]) -> None:
    """Forbidden `foreign-origin` for a browser that was sent here by a foreign page."""
    origin = request.headers.get("origin")
    if origin is not None:
        if origin.rstrip("/") in allowed:
            return
        raise Forbidden(FOREIGN, code="foreign-origin")
    if request.headers.get("sec-fetch-site", "none") == "cross-site":
        raise Forbidden(FOREIGN, code="foreign-origin")
