"""Keys of the local stack, made once and handed only to the processes that need them."""

import base64
import os
import secrets
from collections.abc import Mapping

from minsheng.places import Places
from shared.operations.principals import PRINCIPALS, password_variable

KEYS = ("VAULT_KEY", "RECEIPT_KEY", "MEDIA_GRANT_KEY", "DESK_SESSION_KEY")
ADMIN_PASSWORD = "KAFKA_ADMIN_PASSWORD"  # noqa: S105 (the name of a variable)
PASSWORDS = (ADMIN_PASSWORD, *(password_variable(service) for service in PRINCIPALS))
"""Of the guarded broker's users; made for every state, used with `SECURE=1`."""
NAMES = (*KEYS, *PASSWORDS)


def ensure(places: Places, env: Mapping[str, str] | None = None) -> dict[str, str]:
    """Read `secrets.env` (mode 600), making what it lacks: 32 random bytes in base64 (passwords: URL-safe).
    The environment wins, but for passwords: those are what this state's broker was told."""
    env = os.environ if env is None else env
    places.state.mkdir(parents=True, exist_ok=True)
    path = places.state / "secrets.env"
    kept: dict[str, str] = {}
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition("=")
            kept[name] = value
    missing = [name for name in NAMES if not kept.get(name)]
    if missing:
        kept |= {name: _new(name) for name in missing}
        draft = path.with_suffix(".draft")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.writelines(f"{name}={kept[name]}\n" for name in kept)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    return {name: (env.get(name) if name in KEYS else None) or kept[name] for name in NAMES}


def _new(name: str) -> str:
    return secrets.token_urlsafe(32) if name in PASSWORDS else base64.b64encode(secrets.token_bytes(32)).decode()
