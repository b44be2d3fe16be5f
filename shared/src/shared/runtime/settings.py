"""Settings that every process has; names are those of the public interfaces page."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict


def local_port(default: int) -> int:
    """A default port moved by `MINSHENG_PORT_OFFSET`, so that two stacks fit on one machine."""
    return default + int(os.environ.get("MINSHENG_PORT_OFFSET") or 0)


def usable_cores() -> int:
    """How many cores this process may use; a container's share of CPU time is not seen here."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Environment(BaseSettings):
    """Frozen, typed, read once from the environment; what is wrong there ends the program and is named."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    def __init__(self, **given: Any) -> None:
        """SystemExit (1) with a line for each variable that is missing or wrong, and never what it holds."""
        try:
            super().__init__(**given)
        except ValidationError as error:
            lines = [f"{'.'.join(map(str, one['loc'])).upper()}: {one['msg']}" for one in error.errors()]
            raise SystemExit("\n".join(["settings in the environment are wrong", *lines])) from None


class ProcessSettings(Environment):
    """What every process reads."""

    kafka_bootstrap_servers: str = Field(default_factory=lambda: f"127.0.0.1:{local_port(19092)}")
    kafka_username: str | None = None
    """SASL/SCRAM-SHA-512 principal; None: no SASL (the plain local broker)."""
    kafka_password: SecretStr | None = None
    mongodb_uri: SecretStr = Field(
        default_factory=lambda: SecretStr(f"mongodb://127.0.0.1:{local_port(27117)}/?retryWrites=false")
    )
    mongodb_database_prefix: str = ""
    """Prefix of all database names, where several deployments share a server."""
    minsheng_state: Path = Path(".local")
    blob_url: str | None = None
    """`file://…` or `s3://…`; None: `blobs/` under the state folder."""
    district_pack: Path = Path("deploy/district")
    host: str = "127.0.0.1"
    process_name: str | None = None
    """Name in `status`; None: the service's own name."""
    log_level: str = "INFO"
    public_web_url: str = Field(default_factory=lambda: f"http://127.0.0.1:{local_port(8080)}")
    public_media_url: str = Field(default_factory=lambda: f"http://127.0.0.1:{local_port(8081)}")
    rate_limits: str = "on"

    @property
    def blobs(self) -> str:
        """URL of the blob store."""
        return self.blob_url or (self.minsheng_state / "blobs").resolve().as_uri()
