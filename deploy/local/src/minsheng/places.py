"""Where the local stack keeps things and which ports it takes."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# The member is always installed editable, so the repository is where this file lies.
REPOSITORY = Path(__file__).resolve().parents[4]

PORTS = {
    "INTAKE_WEB_PORT": 8080,
    "INTAKE_MEDIA_PORT": 8081,
    "ROUTER_PORT": 8082,
    "NOTIFIER_PORT": 8083,
    "MAIL_SMTP_PORT": 8025,
    "MAIL_INBOX_PORT": 8084,
    "KAFKA_PORT": 19092,
    "KAFKA_CONTROLLER_PORT": 19093,
    "MONGO_PORT": 27117,
}


@dataclass(frozen=True, slots=True)
class Places:
    """State folder and ports of one stack; two stacks differ in both."""

    state: Path
    ports: Mapping[str, int]
    given_kafka: str | None
    given_mongo: str | None
    secure: bool = False
    host: str = "127.0.0.1"

    @classmethod
    def from_environment(cls, env: Mapping[str, str] | None = None) -> "Places":
        """Read `MINSHENG_STATE`, `MINSHENG_PORT_OFFSET` and the port variables; a port given by name is not moved.
        `SECURE=1` asks for a Kafka with users and grants."""
        env = os.environ if env is None else env
        offset = int(env.get("MINSHENG_PORT_OFFSET") or 0)
        ports = {name: int(env.get(name) or default + offset) for name, default in PORTS.items()}
        for name, port in ports.items():
            if not 1 <= port <= 65535:
                raise ValueError(f"{name} would be {port}: ports end at 65535")
        state = Path(env.get("MINSHENG_STATE") or REPOSITORY / ".local").expanduser().resolve()
        secure = (env.get("SECURE") or "0").lower() not in {"0", "no", "off", "false"}
        return cls(state, ports, env.get("KAFKA_BOOTSTRAP_SERVERS") or None, env.get("MONGODB_URI") or None, secure)

    def folder(self, name: str) -> Path:
        """A folder under the state, made if it is missing."""
        folder = self.state / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def run(self) -> Path:
        """Where each running process leaves its `<process>.json`."""
        return self.folder("run")

    @property
    def log(self) -> Path:
        """Where each process logs, one JSON object a line."""
        return self.folder("log")

    @property
    def kafka(self) -> str:
        """Bootstrap servers, given or ours."""
        return self.given_kafka or f"{self.host}:{self.ports['KAFKA_PORT']}"

    @property
    def mongo(self) -> str:
        """Connection string, given or ours; ours keeps no retry records on disk, so retried writes are off."""
        ours = f"mongodb://{self.host}:{self.ports['MONGO_PORT']}/?retryWrites=false&w=majority&journal=true"
        return self.given_mongo or ours

    def url(self, port: str) -> str:
        """The local address of the HTTP port with this variable's name."""
        return f"http://{self.host}:{self.ports[port]}"
