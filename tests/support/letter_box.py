"""Dead letters in memory: the contents' own code, and acts that can be looked at."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from shared.contracts.letters import HANDLED, Act, Contents, Letter, LetterState, Trial
from shared.errors import Conflict, NotFound, Unavailable
from shared.operations import letter_contents
from tests.support.casework import NOW

SECRET = "张三"
PHONE = "13912345670"
EVENT_ID = "01KAV0Q2S9T7G3M5N8P4R6W1XY"


def work_order(**changes: object) -> bytes:
    """As a hotline sends it; the time has no zone, so it is refused."""
    data = {
        "source": "12345",
        "external_id": "LH20261124001",
        "received_at": "2026-11-24T09:00:00",
        "text": f"{SECRET}家门口的路灯坏了，建议修理。",
        "contact": {"name": SECRET, "phone": PHONE},
        **changes,
    }
    event = {
        "specversion": "1.0",
        "id": EVENT_ID,
        "type": "hotline.submitted.v1",
        "source": "/hotlines/12345",
        "data": data,
    }
    return json.dumps(event, ensure_ascii=False).encode()


def letter(offset: int = 3, value: bytes | None = None, **changes: object) -> Letter:
    made = Letter(
        topic="hotline-submissions",
        partition=0,
        offset=offset,
        key=PHONE.encode(),
        value=work_order() if value is None else value,
        headers=(("x-note", SECRET.encode()), ("error-type", b"time-without-zone"), ("original-offset", b"77")),
        original_partition="5",
        original_offset="77",
        id=None,
        type=None,
        error_type="time-without-zone",
        error="received_at: value_error",
        attempts="1",
        failed_at=f"2026-11-24T01:00:{offset:02}Z",
    )
    return replace(made, **changes)


class MemoryLetters:
    """`sent` holds what went out: topic and value."""

    def __init__(self, *letters: Letter) -> None:
        self.kept = {(one.topic, one.partition, one.offset): one for one in letters}
        self.sent: list[tuple[str, bytes | None]] = []
        self.away = False

    async def letters(self, topic: str, *, newest: int | None = None) -> Sequence[Letter]:
        if self.away:
            raise Unavailable("no Kafka", code="broker-away")
        return [one for one in self.kept.values() if one.topic == topic]

    async def letter(self, topic: str, partition: int, offset: int) -> Letter:
        if (topic, partition, offset) not in self.kept:
            raise NotFound("no record there")
        return self.kept[topic, partition, offset]

    def contents(self, letter: Letter, *, personal: bool) -> Contents:
        return letter_contents.contents(letter, personal=personal)

    def tried(self, letter: Letter, value: bytes | None = None) -> Trial:
        return letter_contents.tried(letter, value)

    async def shown(self, letter: Letter, *, by: str) -> None:
        self._act(letter, by, "shown", letter.state)

    async def send_again(self, letter: Letter, *, by: str, value: bytes | None = None) -> None:
        if value is not None:
            letter_contents.keep_identity(letter, value)
        self._handle(letter, by, "replayed" if value is None else "repaired")
        self.sent.append((letter.topic, letter.value if value is None else value))

    async def drop(self, letter: Letter, *, by: str, reason: str) -> None:
        self._handle(letter, by, "dropped", reason)

    def _handle(self, letter: Letter, by: str, state: LetterState, reason: str | None = None) -> None:
        if self.kept[letter.topic, letter.partition, letter.offset].state in HANDLED:
            raise Conflict("This letter was handled already.", code="handled")
        self._act(letter, by, state, state, reason)

    def _act(self, letter: Letter, by: str, what: str, state: LetterState, reason: str | None = None) -> None:
        place = (letter.topic, letter.partition, letter.offset)
        acts = (*self.kept[place].acts, Act(at=NOW, by=by, what=what, reason=reason))
        self.kept[place] = replace(self.kept[place], state=state, acts=acts)
