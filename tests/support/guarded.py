"""A guarded Kafka of a test session, and the database that its stack's commands know: real users, real grants."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shared.messaging.connection import KafkaConnection
from shared.operations.principals import password_variable
from tests.support.infrastructure import free_offset, minsheng


@dataclass(frozen=True, kw_only=True)
class Guarded:
    """Its address, every user's password, and what a command needs in its environment to speak of this stack."""

    bootstrap: str
    mongo_uri: str
    state: Path
    passwords: dict[str, str]
    env: dict[str, str]

    def login(self, user: str | None, password: str | None = None) -> KafkaConnection:
        return KafkaConnection(bootstrap_servers=self.bootstrap, client_id="tests", username=user, password=password)

    def service(self, name: str) -> KafkaConnection:
        return self.login(name, self.passwords[password_variable(name)])

    def admin(self) -> KafkaConnection:
        return self.login("admin", self.passwords["KAFKA_ADMIN_PASSWORD"])


@contextmanager
def guarded_kafka(state: Path) -> Iterator[Guarded]:
    """`SECURE=1 minsheng up` with Kafka and Mongo alone; stopped at the end."""
    offset = free_offset()
    env = {"MINSHENG_STATE": str(state), "MINSHENG_PORT_OFFSET": str(offset), "SECURE": "1"}
    env |= {"KAFKA_BOOTSTRAP_SERVERS": "", "MONGODB_URI": ""}  # always our own, whatever the session's tests use
    started = minsheng("up", "--detach", "--only", "kafka,mongo", env=env)
    assert started.returncode == 0, f"{started.stdout}\n{started.stderr}"
    try:
        lines = (state / "secrets.env").read_text(encoding="utf-8").splitlines()
        passwords = dict(line.split("=", 1) for line in lines)
        yield Guarded(
            bootstrap=f"127.0.0.1:{19092 + offset}",
            mongo_uri=f"mongodb://127.0.0.1:{27117 + offset}/?retryWrites=false",
            state=state,
            passwords=passwords,
            env=env,
        )
    finally:
        minsheng("down", env=env)
