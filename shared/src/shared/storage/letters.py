"""Collection of what was done to dead letters: one document per letter that somebody touched, and its acts.

An act that sends something is claimed here first and settled after the broker's yes, so that of two people (or of
the desk and the command line) one sends, and a crash in between leaves a claim that ends by itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from shared.clock import Clock
from shared.contracts.letters import HANDLED, Act, Letter, LetterState
from shared.errors import Conflict
from shared.storage.mongo import Collection, Document, DuplicateKey, Mongo, translated

DATABASE, COLLECTION = "operations", "dead_letters"
CLAIM = timedelta(minutes=1)
"""How long a claim holds that was never settled: the longest publish, and more."""


def letter_ledger(mongo: Mongo, clock: Clock) -> LetterLedger:
    """The one ledger of a deployment."""
    return LetterLedger(mongo.database(DATABASE)[COLLECTION], clock)


class LetterLedger:
    """`_id` is the letter's identity; every change counts only on the version it was made from."""

    def __init__(self, collection: Collection, clock: Clock) -> None:
        self._collection = collection
        self._clock = clock

    async def known(self, identities: Iterable[str]) -> dict[str, tuple[LetterState, tuple[Act, ...]]]:
        """State and acts of those letters that somebody touched."""
        wanted = sorted(identities)
        if not wanted:
            return {}
        with translated():
            found = await self._collection.find({"_id": {"$in": wanted}}).to_list(None)
        return {one["_id"]: (self._state(one), _acts(one)) for one in found}

    async def claim(self, letter: Letter, *, by: str, state: LetterState, reason: str | None = None) -> int:
        """Note the act before it is done; returns the version to settle. `dropped` is settled by this alone.

        Raises:
            Conflict: `handled` (replayed, repaired or dropped already) or `claimed` (somebody is at it).
        """
        now = self._clock.now()
        act: Document = {"at": now, "by": by, "what": state} | ({"reason": reason} if reason else {})
        held: Document = {"state": state if state == "dropped" else "sending", "until": now + CLAIM}
        with translated():
            known = await self._collection.find_one({"_id": letter.identity})
            if known is None:
                await self._insert(letter, held | {"version": 1, "acts": [act]})
                return 1
            current = self._state(known)
            if current in HANDLED:
                raise Conflict("This letter was handled already.", code="handled")
            if current == "sending":
                raise Conflict("Somebody is sending this letter now.", code="claimed")
            version = int(known["version"])
            done = await self._collection.update_one(
                {"_id": letter.identity, "version": version},
                {"$set": held | {"version": version + 1}, "$push": {"acts": act}},
            )
        if done.matched_count != 1:
            raise Conflict("Somebody is sending this letter now.", code="claimed")
        return version + 1

    async def settle(self, letter: Letter, version: int, state: LetterState) -> None:
        """The act is done; a claim that ended meanwhile and was taken by another stays theirs."""
        await self._replace_claim(letter, version, {"$set": {"state": state}})

    async def release(self, letter: Letter, version: int, *, by: str) -> None:
        """The act failed, or nobody knows: the letter is open again."""
        act = {"at": self._clock.now(), "by": by, "what": "failed"}
        await self._replace_claim(letter, version, {"$set": {"state": "open"}, "$push": {"acts": act}})

    async def note(self, letter: Letter, *, by: str, what: str) -> None:
        """Add to the audit what changes nothing, for example that somebody looked at personal data."""
        act = {"at": self._clock.now(), "by": by, "what": what}
        with translated():
            done = await self._collection.update_one({"_id": letter.identity}, {"$push": {"acts": act}})
            if done.matched_count == 0:
                try:
                    await self._insert(letter, {"state": "open", "version": 1, "acts": [act]})
                except Conflict:
                    await self._collection.update_one({"_id": letter.identity}, {"$push": {"acts": act}})

    async def _insert(self, letter: Letter, fields: Document) -> None:
        try:
            await self._collection.insert_one(
                {"_id": letter.identity, "topic": letter.topic, "event_id": letter.id} | fields
            )
        except DuplicateKey:
            raise Conflict("Somebody is sending this letter now.", code="claimed") from None

    async def _replace_claim(self, letter: Letter, version: int, change: Document) -> None:
        with translated():
            await self._collection.update_one({"_id": letter.identity, "version": version}, change)

    def _state(self, document: Document) -> LetterState:
        state: LetterState = document["state"]
        if state == "sending" and document["until"] <= self._clock.now():
            return "open"
        return state


def _acts(document: Document) -> tuple[Act, ...]:
    return tuple(
        Act(at=act["at"], by=act["by"], what=act["what"], reason=act.get("reason")) for act in document["acts"]
    )
