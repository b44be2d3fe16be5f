"""Dead letters for people: look, mend, send again under the same event id, or let rest. The desk's page and
`minsheng dlq` are two faces of this."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aiokafka import ConsumerRecord

from shared.contracts.letters import Contents, Letter, LetterState, Trial
from shared.contracts.topics import BY_NAME, Topic
from shared.errors import Conflict, NotFound, TransientError, Unavailable
from shared.messaging import reading
from shared.messaging.connection import KafkaConnection
from shared.messaging.dead_letters import PROVENANCE
from shared.messaging.encoding import Outgoing
from shared.messaging.publishing import Publisher
from shared.operations import letter_contents
from shared.storage.letters import LetterLedger


class LetterOffice:
    """All that may be done to dead letters. `by` names who does it: `desk:clerk`, `cli:root`."""

    def __init__(self, connection: KafkaConnection, ledger: LetterLedger) -> None:
        self._connection = connection
        self._ledger = ledger
        self._publisher = Publisher(connection)

    async def letters(self, topic: str, *, newest: int | None = None) -> list[Letter]:
        """All dead letters of a topic (or the `newest`), oldest first, with what was done to them.

        Raises:
            NotFound: no such topic.
            Unavailable: broker or database is away.
        """
        records = await reading.stored(self._connection, _topic(topic).dead_letters, newest=newest)
        return await self._with_acts([_letter(topic, record) for record in records])

    async def letter(self, topic: str, partition: int, offset: int) -> Letter:
        """One of them; raises NotFound when there is none at this place."""
        record = await reading.one(self._connection, _topic(topic).dead_letters, partition, offset)
        return (await self._with_acts([_letter(topic, record)]))[0]

    async def count_open(self, topic: str) -> int:
        """How many dead letters of the topic wait for somebody; without the database, how many there are."""
        found = [_letter(topic, one) for one in await reading.stored(self._connection, _topic(topic).dead_letters)]
        try:
            found = await self._with_acts(found)
        except TransientError:
            return len(found)
        return sum(letter.state in ("open", "sending") for letter in found)

    def contents(self, letter: Letter, *, personal: bool) -> Contents:
        """What is in it; whatever may be personal is covered unless asked for."""
        return letter_contents.contents(letter, personal=personal)

    def tried(self, letter: Letter, value: bytes | None = None) -> Trial:
        """The dry run: what a consumer would make of the letter, or of the mended `value`."""
        return letter_contents.tried(letter, value)

    async def shown(self, letter: Letter, *, by: str) -> None:
        """Note in the audit that somebody looked at what may be personal."""
        await self._ledger.note(letter, by=by, what="shown")

    async def send_again(self, letter: Letter, *, by: str, value: bytes | None = None) -> None:
        """Publish to the original topic: key, headers and (unless mended) bytes as they came.

        Raises:
            Conflict: handled already, or somebody is at it.
            InvalidInput: the mended value would be another event.
            Unavailable: not known to be sent; the letter is open again.
        """
        state: LetterState = "replayed" if value is None else "repaired"
        if value is not None:
            letter_contents.keep_identity(letter, value)
        version = await self._ledger.claim(letter, by=by, state=state)
        kept = [(name, content) for name, content in letter.headers if name not in PROVENANCE]
        body = letter.value if value is None else value
        try:
            await self._publisher.publish([Outgoing(topic=letter.topic, key=letter.key, value=body, headers=kept)])
        except Exception as error:
            await self._ledger.release(letter, version, by=by)
            if isinstance(error, Unavailable):
                raise Unavailable(str(error), code=reading.AWAY) from error
            raise
        await self._ledger.settle(letter, version, state)

    async def drop(self, letter: Letter, *, by: str, reason: str) -> None:
        """Let it rest; Kafka removes it when its time is over. Raises Conflict as `send_again` does."""
        await self._ledger.claim(letter, by=by, state="dropped", reason=reason)

    async def close(self) -> None:
        """Give back the connections."""
        await self._publisher.stop()

    async def _with_acts(self, found: list[Letter]) -> list[Letter]:
        known = await self._ledger.known(letter.identity for letter in found)
        return [
            replace(letter, state=known[letter.identity][0], acts=known[letter.identity][1])
            if letter.identity in known
            else letter
            for letter in found
        ]


def choose(found: Sequence[Letter], offsets: Sequence[int], everything: bool) -> list[Letter]:
    """The open letters asked for.

    Raises:
        NotFound: no letter has this offset.
        Conflict: one is handled already.
    """
    if everything:
        return [letter for letter in found if letter.state == "open"]
    by_offset = {letter.offset: letter for letter in found}
    missing = [offset for offset in offsets if offset not in by_offset]
    if missing:
        raise NotFound(f"no dead letter at offset {', '.join(map(str, missing))}")
    done = [f"{offset} ({by_offset[offset].state})" for offset in offsets if by_offset[offset].state != "open"]
    if done:
        raise Conflict(f"handled already: {', '.join(done)}", code="handled")
    return [by_offset[offset] for offset in dict.fromkeys(offsets)]


def _topic(name: str) -> Topic:
    if name not in BY_NAME:
        raise NotFound(f"no such topic: {name} (there are {', '.join(BY_NAME)})")
    return BY_NAME[name]


def _letter(topic: str, record: ConsumerRecord) -> Letter:
    # The topic is that of the dead letters, whatever a header says: a letter goes back to where it came from.
    headers = reading.header_texts(record.headers)
    return Letter(
        topic=topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        value=record.value,
        headers=tuple(record.headers),
        original_partition=headers.get("original-partition"),
        original_offset=headers.get("original-offset"),
        id=headers.get("ce_id"),
        type=headers.get("ce_type"),
        error_type=headers.get("error-type"),
        error=headers.get("error"),
        attempts=headers.get("attempts"),
        failed_at=headers.get("failed-at"),
    )
