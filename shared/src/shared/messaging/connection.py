"""How every client of ours connects to Kafka: addresses, SASL, bounded times."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

REQUEST_TIMEOUT_MS = 10_000
"""Above the join time (session timeout 6–10 s), far below the libraries' 40 s that make stops hang."""


@dataclass(frozen=True, kw_only=True)
class KafkaConnection:
    """Where the broker is and who we are; `username` None means no SASL."""

    bootstrap_servers: str
    client_id: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    def client_options(self) -> dict[str, Any]:
        """Keyword arguments that aiokafka's clients share."""
        options: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap_servers.split(","),
            "client_id": self.client_id,
            "request_timeout_ms": REQUEST_TIMEOUT_MS,
        }
        if self.username is not None:
            options |= {
                "security_protocol": "SASL_PLAINTEXT",
                "sasl_mechanism": "SCRAM-SHA-512",
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password or "",
            }
        return options

    def producer(self) -> AIOKafkaProducer:
        """Idempotent (implies acks=all): the broker drops what the client's own retries repeat."""
        return AIOKafkaProducer(
            **self.client_options(), enable_idempotence=True, linger_ms=0, max_request_size=1_000_000
        )

    def consumer(self, *topics: str, **options: Any) -> AIOKafkaConsumer:
        """A bare consumer for tools and checks; services consume through FastStream."""
        return AIOKafkaConsumer(*topics, **self.client_options(), enable_auto_commit=False, **options)

    def admin(self) -> AIOKafkaAdminClient:
        """Admin client; its calls don't raise: read the errors in their answers."""
        return AIOKafkaAdminClient(**self.client_options())
