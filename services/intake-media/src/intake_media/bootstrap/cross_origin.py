"""What pages of the residents' site, which is another origin, may send here and read of the answers."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

UPLOAD_HEADERS = (
    "Idempotency-Key",
    "Content-Type",
    "Tus-Resumable",
    "Upload-Length",
    "Upload-Metadata",
    "Upload-Offset",
    "Upload-Defer-Length",
    "X-HTTP-Method-Override",
)
SHOWN_HEADERS = ("Location", "Tus-Resumable", "Upload-Offset", "Upload-Length", "Upload-Expires", "Retry-After")


def allow_site(app: FastAPI, *, public_web_url: str) -> None:
    """And no other site."""
    app.add_middleware(
        CORSMiddleware,
        allow_origins=[public_web_url.rstrip("/")],
        allow_methods=["GET", "HEAD", "POST", "PATCH", "DELETE"],
        allow_headers=list(UPLOAD_HEADERS),
        expose_headers=list(SHOWN_HEADERS),
    )
