"""Hot issues in Mongo: what the following instance found last, for every desk to read."""

from __future__ import annotations

from collections.abc import Sequence

from router.domain.following import CurrentIssue
from shared.storage.mongo import Collection, Document, DuplicateKey, translated

SHOWN = 50


class MongoIssues:
    """Fulfils `ports.issues.IssueStore`; a few dozen documents that can be made anew from the cases."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def ensure_indexes(self) -> None:
        """Idempotent."""
        with translated():
            await self._collection.create_index("members")

    async def show(self, issues: Sequence[CurrentIssue]) -> None:
        """See the port; issues that are unchanged are not written."""
        with translated():
            stored = {one["_id"]: one for one in await self._collection.find({}).to_list(None)}
            for issue in issues:
                document = _document(issue)
                if issue.id not in stored:
                    await self._insert(document)
                elif stored[issue.id] != document:
                    await self._set(document)
            for gone in stored.keys() - {issue.id for issue in issues}:
                await self._collection.delete_one({"_id": gone})

    async def hottest(self, *, limit: int) -> Sequence[CurrentIssue]:
        """See the port."""
        with translated():
            found = await self._collection.find({}).sort("heat", -1).limit(limit).to_list(limit)
        return [_issue(one) for one in found]

    async def find(self, issue_id: str) -> CurrentIssue | None:
        """By id."""
        with translated():
            found = await self._collection.find_one({"_id": issue_id})
        return _issue(found) if found else None

    async def of(self, suggestion_id: str) -> CurrentIssue | None:
        """See the port."""
        with translated():
            found = await self._collection.find_one({"members": suggestion_id})
        return _issue(found) if found else None

    async def _insert(self, document: Document) -> None:
        try:
            await self._collection.insert_one(document)
        except DuplicateKey:  # another instance that was overtaken wrote it a moment ago
            await self._set(document)

    async def _set(self, document: Document) -> None:
        fields = {name: value for name, value in document.items() if name != "_id"}
        await self._collection.update_one({"_id": document["_id"]}, {"$set": fields})


def _document(issue: CurrentIssue) -> Document:
    return {"_id": issue.id, **issue.model_dump(mode="python", exclude={"id"})}


def _issue(document: Document) -> CurrentIssue:
    return CurrentIssue.model_validate({**document, "id": document["_id"]})
