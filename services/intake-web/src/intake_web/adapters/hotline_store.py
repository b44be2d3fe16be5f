"""Collection `hotline_tokens`: one document per hotline, tokens as hashes only."""

from __future__ import annotations

from dataclasses import asdict

from intake_web.domain.hotline_access import AuditEntry, HeldToken, HotlineAccess
from shared.errors import Conflict
from shared.storage.mongo import Collection, Document, DuplicateKey, translated

CHANGED = "This hotline was changed by somebody else in the same moment: look again."


class MongoHotlines:
    """`_id` is the name; a change counts only on the version it was made from."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def prepare(self) -> None:
        """The index by which a token is found."""
        with translated():
            await self._collection.create_index("tokens.sha256")

    async def by_name(self, name: str) -> HotlineAccess | None:
        with translated():
            return _access(await self._collection.find_one({"_id": name}))

    async def by_token(self, sha256: str) -> HotlineAccess | None:
        with translated():
            return _access(await self._collection.find_one({"tokens.sha256": sha256}))

    async def all(self) -> list[HotlineAccess]:
        with translated():
            found = await self._collection.find({}).sort("_id").to_list(None)
        return [access for document in found if (access := _access(document)) is not None]

    async def save(self, access: HotlineAccess) -> None:
        document = {"_id": access.name, **asdict(access)}
        del document["name"]
        with translated():
            if access.version == 1:
                try:
                    await self._collection.insert_one(document)
                except DuplicateKey:
                    raise Conflict(CHANGED) from None
                return
            done = await self._collection.replace_one({"_id": access.name, "version": access.version - 1}, document)
        if done.matched_count != 1:
            raise Conflict(CHANGED)


def _access(document: Document | None) -> HotlineAccess | None:
    if document is None:
        return None
    return HotlineAccess(
        name=document["_id"],
        tokens=tuple(HeldToken(**token) for token in document["tokens"]),
        revoked=document["revoked"],
        history=tuple(AuditEntry(**entry) for entry in document["history"]),
        version=document["version"],
    )
