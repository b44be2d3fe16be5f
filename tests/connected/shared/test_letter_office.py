"""Dead letters on a real broker and a real database: claimed before they are sent, sent once, and noted."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from shared.clock import SystemClock
from shared.contracts.letters import Letter
from shared.errors import Conflict, NotFound, Unavailable
from shared.messaging import reading
from shared.messaging.connection import KafkaConnection
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.publishing import Publisher
from shared.operations.dead_letters import LetterOffice
from shared.storage.letters import LetterLedger, letter_ledger
from shared.storage.mongo import Mongo
from tests.support.clock import FrozenClock
from tests.support.infrastructure import Infrastructure

pytestmark = pytest.mark.connected
TOPIC = "notices"


@dataclass
class Consumed:
    """A record as a consumer would have met it."""

    value: bytes | None
    headers: list[tuple[str, bytes | None]] = field(default_factory=lambda: [("ce_id", b"01EVENT"), ("odd", None)])
    topic: str = TOPIC
    partition: int = 5
    offset: int = 77
    key: bytes | None = b"S1"


@pytest.fixture
def ledger(mongo: Mongo) -> LetterLedger:
    return letter_ledger(mongo, SystemClock())


@pytest.fixture
async def office(infrastructure: Infrastructure, ledger: LetterLedger) -> AsyncIterator[LetterOffice]:
    made = LetterOffice(infrastructure.connection(), ledger)
    yield made
    await made.close()


async def buried(infrastructure: Infrastructure, office: LetterOffice) -> Letter:
    publisher, marker = Publisher(infrastructure.connection()), uuid.uuid4().hex
    await DeadLetters(publisher, SystemClock()).bury(
        Consumed(json.dumps({"marker": marker}).encode()), error_type="invalid-data", error="x: missing", attempts=1
    )
    await publisher.stop()
    [found] = [one for one in await office.letters(TOPIC, newest=50) if marker in (one.value or b"").decode()]
    return found


async def sent(infrastructure: Infrastructure, value: bytes | None) -> int:
    return sum(one.value == value for one in await reading.stored(infrastructure.connection(), TOPIC))


async def test_of_two_people_who_replay_one_letter_at_once_one_sends_it(
    infrastructure: Infrastructure, office: LetterOffice, ledger: LetterLedger
) -> None:
    """Row 32."""
    letter = await buried(infrastructure, office)
    other = LetterOffice(infrastructure.connection(), ledger)
    results = await asyncio.gather(
        office.send_again(letter, by="desk:clerk"),
        other.send_again(letter, by="cli:root"),
        office.send_again(letter, by="desk:clerk2"),
        return_exceptions=True,
    )
    await other.close()
    assert [type(one) for one in results if one is not None] == [Conflict, Conflict]
    with pytest.raises(Conflict, match="handled already"):
        await office.send_again(letter, by="desk:clerk")
    assert await sent(infrastructure, letter.value) == 1
    now = await office.letter(TOPIC, letter.partition, letter.offset)
    assert (now.state, [act.what for act in now.acts]) == ("replayed", ["replayed"])


async def test_a_letter_goes_back_as_it_came_and_its_repair_keeps_the_event(
    infrastructure: Infrastructure, office: LetterOffice
) -> None:
    letter = await buried(infrastructure, office)
    mended = json.dumps({"mended": uuid.uuid4().hex}).encode()
    await office.shown(letter, by="desk:clerk")
    await office.send_again(letter, by="desk:clerk", value=mended)
    [record] = [one for one in await reading.stored(infrastructure.connection(), TOPIC) if one.value == mended]
    assert record.key == b"S1"
    assert list(record.headers) == [("ce_id", b"01EVENT"), ("odd", None)]
    now = await office.letter(TOPIC, letter.partition, letter.offset)
    assert (now.state, [(act.by, act.what) for act in now.acts]) == (
        "repaired",
        [("desk:clerk", "shown"), ("desk:clerk", "repaired")],
    )


async def test_a_letter_that_could_not_be_sent_is_open_again_and_the_failure_is_noted(
    infrastructure: Infrastructure, office: LetterOffice, ledger: LetterLedger
) -> None:
    letter = await buried(infrastructure, office)
    nowhere = LetterOffice(KafkaConnection(bootstrap_servers="127.0.0.1:1", client_id="tests"), ledger)
    with pytest.raises(Unavailable):
        await nowhere.send_again(letter, by="desk:clerk")
    now = await office.letter(TOPIC, letter.partition, letter.offset)
    assert (now.state, [act.what for act in now.acts]) == ("open", ["replayed", "failed"])
    await office.drop(now, by="desk:clerk", reason="a test record")
    now = await office.letter(TOPIC, letter.partition, letter.offset)
    assert (now.state, now.acts[-1].reason) == ("dropped", "a test record")
    with pytest.raises(Conflict):
        await office.drop(now, by="desk:clerk", reason="again")


async def test_a_claim_that_a_crash_left_ends_by_itself_and_its_late_settling_changes_nothing(
    infrastructure: Infrastructure, office: LetterOffice, mongo: Mongo
) -> None:
    letter = await buried(infrastructure, office)
    clock = FrozenClock()
    frozen = letter_ledger(mongo, clock)
    left = await frozen.claim(letter, by="desk:clerk", state="replayed")
    with pytest.raises(Conflict, match="sending"):
        await frozen.claim(letter, by="desk:clerk2", state="replayed")
    clock.advance(120)
    taken = await frozen.claim(letter, by="desk:clerk2", state="replayed")
    await frozen.settle(letter, left, "replayed")
    assert (await frozen.known([letter.identity]))[letter.identity][0] == "sending"
    await frozen.settle(letter, taken, "replayed")
    assert (await frozen.known([letter.identity]))[letter.identity][0] == "replayed"


async def test_open_letters_are_counted_and_without_the_database_all_of_them_are(
    infrastructure: Infrastructure, office: LetterOffice
) -> None:
    letter = await buried(infrastructure, office)
    before = await office.count_open(TOPIC)
    await office.drop(letter, by="desk:clerk", reason="a test record")
    assert await office.count_open(TOPIC) == before - 1
    nowhere = Mongo("mongodb://127.0.0.1:1/?directConnection=true", timeout_ms=300)
    blind = LetterOffice(infrastructure.connection(), letter_ledger(nowhere, SystemClock()))
    assert await blind.count_open(TOPIC) >= before
    nowhere.close()


async def test_a_topic_that_can_not_be_seen_is_no_empty_list(infrastructure: Infrastructure) -> None:
    with pytest.raises(Unavailable, match="may not see it"):
        await reading.stored(infrastructure.connection(), "there-is-none")


async def test_a_place_without_a_letter_and_a_topic_that_is_none_are_not_found(office: LetterOffice) -> None:
    for topic, partition, offset in ((TOPIC, 0, 999_999), (TOPIC, 7, 0), ("nonsense", 0, 0)):
        with pytest.raises(NotFound):
            await office.letter(topic, partition, offset)
