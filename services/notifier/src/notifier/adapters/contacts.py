"""Contacts from the vault, and the wishes of those who own an address."""

from __future__ import annotations

import base64
import hashlib
import hmac

from notifier.ports import Contact, Preference
from shared.storage.mongo import Collection, translated
from shared.storage.vault import Vault

ADDRESS_BYTES = 16
TAG_BYTES = 18


class VaultContacts:
    """Fulfils `Contacts` and `Wishes`.

    Wishes are kept under a keyed hash of the address, so that they hold for every suggestion of that person, outlive
    the erasure of the contact, and say nothing to who reads the database.
    """

    def __init__(self, vault: Vault, preferences: Collection, *, key: str) -> None:
        self._vault = vault
        self._preferences = preferences
        self._key = hmac.new(base64.b64decode(key), b"notifier: preferences", hashlib.sha256).digest()

    async def find(self, contact_id: str) -> Contact | None:
        """The contact; None when it was erased."""
        found = await self._vault.get(contact_id)
        if found is None:
            return None
        return Contact(
            email=found.get("email") or None,
            name=found.get("name") or None,
            language=found.get("language") or None,
            tracking_url=found.get("tracking_url") or "",
            query_code=found.get("query_code") or "",
        )

    def token(self, address: str) -> str:
        """What the link in a mail carries: the hashed address and a 144-bit tag."""
        hashed = self._mac("address", address.strip().lower().encode())[:ADDRESS_BYTES]
        return base64.urlsafe_b64encode(hashed + self._mac("token", hashed)[:TAG_BYTES]).decode().rstrip("=")

    def _mac(self, purpose: str, message: bytes) -> bytes:
        return hmac.new(self._key, purpose.encode() + b":" + message, hashlib.sha256).digest()

    def _verified(self, token: str) -> str | None:
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except ValueError:
            return None
        hashed, tag = raw[:ADDRESS_BYTES], raw[ADDRESS_BYTES:]
        genuine = hmac.compare_digest(tag, self._mac("token", hashed)[:TAG_BYTES])
        return hashed.hex() if genuine else None

    async def preference(self, address: str) -> Preference:
        """What the owner of the address wants."""
        return await self.read(self.token(address)) or Preference()

    async def read(self, token: str) -> Preference | None:
        """What holds for the token's address; None for a token that is not ours."""
        owner = self._verified(token)
        if owner is None:
            return None
        with translated():
            found = await self._preferences.find_one({"_id": owner})
        return Preference(mails=found["mails"], language=found["language"]) if found else Preference()

    async def write(self, token: str, preference: Preference) -> bool:
        """Keep wishes; False for a token that is not ours."""
        owner = self._verified(token)
        if owner is None:
            return False
        wishes = {"mails": preference.mails, "language": preference.language}
        with translated():
            await self._preferences.update_one({"_id": owner}, {"$set": wishes}, upsert=True)
        return True
