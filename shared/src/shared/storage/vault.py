"""The contact vault: who a resident is, encrypted field by field, erasable, and nowhere else.

Only intake-web, intake-media and notifier hold its key. Everything else knows a `contact_id`.
"""

from __future__ import annotations

import base64
import json
import os
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from ulid import ULID

from shared.clock import Clock
from shared.errors import PermanentError
from shared.storage.mongo import Collection, DuplicateKey, translated

NONCE_BYTES = 12


class Vault:
    """AES-256-GCM over JSON; the contact id is bound in as associated data, so boxes can't be swapped."""

    def __init__(self, collection: Collection, clock: Clock, *, key: str, key_id: str = "k1") -> None:
        secret = base64.b64decode(key)
        if len(secret) != 32:
            raise PermanentError("VAULT_KEY must be 32 bytes in base64", code="bad-key")
        self._cipher = AESGCM(secret)
        self._key_id = key_id
        self._collection = collection
        self._clock = clock

    async def put(self, contact: dict[str, Any], *, contact_id: str | None = None) -> str:
        """Keep a contact and return its id; the same id again keeps the first (a retried accept)."""
        contact_id = contact_id or str(ULID())
        nonce = os.urandom(NONCE_BYTES)
        plain = json.dumps(contact, ensure_ascii=False).encode()
        box = self._cipher.encrypt(nonce, plain, contact_id.encode())
        try:
            with translated():
                await self._collection.insert_one(
                    {
                        "_id": contact_id,
                        "key_id": self._key_id,
                        "nonce": nonce,
                        "box": box,
                        "created_at": self._clock.now(),
                    }
                )
        except DuplicateKey:  # the same contact, kept by an earlier try
            pass
        return contact_id

    async def get(self, contact_id: str) -> dict[str, Any] | None:
        """The contact, or None when it was erased or never there."""
        with translated():
            found = await self._collection.find_one({"_id": contact_id})
        if found is None:
            return None
        try:
            plain = self._cipher.decrypt(bytes(found["nonce"]), bytes(found["box"]), contact_id.encode())
        except InvalidTag:
            raise PermanentError("a contact can't be opened with this key", code="vault-key") from None
        contact: dict[str, Any] = json.loads(plain)
        return contact

    async def erase(self, contact_id: str) -> None:
        """Forget the person; events keep only an id that leads nowhere."""
        with translated():
            await self._collection.delete_one({"_id": contact_id})
