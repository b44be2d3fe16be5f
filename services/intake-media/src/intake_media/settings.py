"""Settings of the API and of the workers; names are those of the public interfaces page."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from shared.runtime.settings import ProcessSettings, local_port


class Settings(ProcessSettings):
    """All keys are base64 of 32 bytes."""

    intake_media_port: int = Field(default_factory=lambda: local_port(8081))
    vault_key: SecretStr
    receipt_key: SecretStr
    media_grant_key: SecretStr | None = None
    """Shared with the router: opens derived files to the desk for a while; None: the desk plays nothing."""
    desk_public_url: str = Field(default_factory=lambda: f"http://127.0.0.1:{local_port(8082)}")
    """The desk's address, as its browsers see it: the only other origin that may read media."""


class WorkerSettings(ProcessSettings):
    """A worker needs no key: it issues no receipt and opens no contact. Whisper's own: `WhisperSettings`."""

    worker_port: int = 0
    """Port of its health and metrics; 0: a free one, since a machine may run several (containers name one)."""
    recording_lease_s: float = Field(default=30.0, ge=1.0, le=600.0)
    """How long a job stays with a worker that gives no sign of life; short, so that another soon takes it."""
    transcriber_factory: str | None = None
    """`module:function` that gives another Transcriber; for tests only, and said loudly in the log."""
    media_copies: Literal["on", "off"] = "on"
    """Whether playable copies and key frames are made once the texts are out."""
