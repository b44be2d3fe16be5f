"""Settings of the notifier; names are environment variables."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from shared.runtime.settings import ProcessSettings, local_port


class Settings(ProcessSettings):
    """Frozen, read once at start."""

    notifier_port: int = Field(default_factory=lambda: local_port(8083))
    public_notifier_url: str | None = None
    """Address of the preferences page as residents reach it; None: the local one."""
    vault_key: SecretStr
    smtp_host: str = "127.0.0.1"
    smtp_port: int = Field(default_factory=lambda: local_port(8025))
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    smtp_starttls: Literal["auto", "required", "off"] = "auto"
    """`auto`: where the server offers it; with a username it is required, so that no password leaves in the clear."""
    mail_from: str = "陵和区人民建议征集办公室 <jianyi@linghe.example>"
    delivery_concurrency: int = Field(default=4, ge=1, le=64)
    """Mails handed to the server at the same time, by one process."""

    mail_lease_s: float = Field(default=60.0, ge=1.0, le=3_600.0)
    """How long a mail stays with a sender that gives no sign of life; above what one mail may take (about 25 s)."""

    @property
    def public_url(self) -> str:
        """Where the links in mails lead for preferences."""
        return self.public_notifier_url or f"http://{self.host}:{self.notifier_port}"
