"""Settings of the router; names are those of the public interfaces page."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr

from shared.runtime.settings import ProcessSettings, local_port, usable_cores


class Settings(ProcessSettings):
    """Frozen, read once from the environment."""

    router_port: int = Field(default_factory=lambda: local_port(8082))
    router_model: Path | None = None
    """Folder of a trained text model; None: `models/router` under the state folder, where there is one."""
    router_model_threads: int = Field(default_factory=usable_cores, ge=1)
    """Texts that the model is asked about at once; default: the cores that this process may use."""
    desk_session_key: SecretStr | None = None
    """Signs the desk's session cookies; None: a key of this process alone, so sessions end with it."""
    desk_operator_kafka_password: SecretStr | None = None
    """Of the Kafka user `desk-operator`, for the page of dead letters alone; on an open broker none is needed."""
    media_grant_key: SecretStr | None = None
    """Shared with intake-media: lets the desk play recordings for a while; None: it plays none."""
    desk_demo_accounts: str = "off"
    """`on`: the pack's demo accounts, whose passwords are published, may sign in. For local stacks only."""
    desk_public_url: str | None = None
    """Where browsers see the desk, behind a proxy; None: the request's own Host."""

    @property
    def model_folder(self) -> Path:
        """Where the text model lies, if there is one."""
        return self.router_model or self.minsheng_state / "models" / "router"
