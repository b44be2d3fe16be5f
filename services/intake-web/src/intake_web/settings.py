"""Settings of intake-web; names are those of the public interfaces page."""

from __future__ import annotations

from pydantic import Field, SecretStr, field_validator

from shared.runtime.settings import ProcessSettings, local_port


class Settings(ProcessSettings):
    """Read once from the environment."""

    intake_web_port: int = Field(default_factory=lambda: local_port(8080))
    vault_key: SecretStr
    """32 bytes in base64; opens the contact vault."""
    receipt_key: SecretStr
    """32 bytes in base64; query codes and links are derived from it."""
    hotline_tokens: SecretStr = SecretStr("")
    """`name=token`, comma-separated: who may publish over HTTP."""

    @field_validator("hotline_tokens")
    @classmethod
    def _pairs(cls, tokens: SecretStr) -> SecretStr:
        for pair in filter(None, tokens.get_secret_value().split(",")):
            name, separator, token = pair.strip().partition("=")
            if not (name.strip() and separator and token.strip()):
                raise ValueError("HOTLINE_TOKENS is name=token, comma-separated")
        return tokens

    @property
    def tokens(self) -> dict[str, str]:
        """Token by hotline name."""
        pairs = [pair.strip().partition("=") for pair in self.hotline_tokens.get_secret_value().split(",")]
        return {name.strip(): token.strip() for name, separator, token in pairs if separator}
