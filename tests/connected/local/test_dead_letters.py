"""Dead letters on a real broker, by the commands an operator uses."""

import json
import uuid
from dataclasses import dataclass, field
from typing import Any

import pytest

from shared.clock import SystemClock
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.publishing import Publisher
from tests.support.infrastructure import Infrastructure, minsheng

pytestmark = pytest.mark.connected


@dataclass
class Consumed:
    """A record as a consumer would have met it."""

    value: bytes | None
    headers: list[tuple[str, bytes | None]] = field(default_factory=list)
    topic: str = "cases"
    partition: int = 5
    offset: int = 77
    key: bytes | None = b"S1"


async def bury(infrastructure: Infrastructure, value: bytes) -> None:
    publisher = Publisher(infrastructure.connection())
    headers: list[tuple[str, bytes | None]] = [("ce_id", b"01EVENT"), ("odd", None)]
    try:
        await DeadLetters(publisher, SystemClock()).bury(
            Consumed(value, headers), error_type="invalid-input", error="data.unit: missing", attempts=1
        )
    finally:
        await publisher.stop()


def command(infrastructure: Infrastructure, *words: str) -> Any:
    env = {**infrastructure.env(), "MINSHENG_STATE": str(infrastructure.state)}
    done = minsheng(*words, "--json", env=env)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def open_letter(infrastructure: Infrastructure, marker: str) -> dict[str, Any]:
    for about in command(infrastructure, "dlq", "list", "cases"):
        shown: dict[str, Any] = command(infrastructure, "dlq", "show", "cases", str(about["offset"]))
        if marker in json.dumps(shown["record"]["data"]):
            return shown
    raise AssertionError(f"no open dead letter holds {marker}")


async def last_of(infrastructure: Infrastructure, marker: str) -> dict[str, Any]:
    env = {**infrastructure.env(), "MINSHENG_STATE": str(infrastructure.state)}
    words = ("events", "tail", "-t", "cases", "--from-beginning", "--limit", "10000", "--wait", "3", "--json")
    lines = minsheng(*words, env=env).stdout.splitlines()
    found: list[dict[str, Any]] = [json.loads(line) for line in lines if marker in line]
    assert found, "nothing was sent again"
    return found[-1]


async def test_a_replayed_letter_goes_back_as_it_came_and_is_open_no_more(infrastructure: Infrastructure) -> None:
    """Row 32."""
    marker = uuid.uuid4().hex
    await bury(infrastructure, json.dumps({"marker": marker}).encode())
    letter = open_letter(infrastructure, marker)
    assert (letter["original_partition"], letter["original_offset"]) == ("5", "77")
    assert (letter["error_type"], letter["attempts"]) == ("invalid-input", "1")
    dry = command(infrastructure, "dlq", "replay", "cases", str(letter["offset"]), "--dry-run")
    assert [about["offset"] for about in dry["letters"]] == [letter["offset"]]
    command(infrastructure, "dlq", "replay", "cases", str(letter["offset"]))
    sent = await last_of(infrastructure, marker)
    assert (sent["key"], sent["headers"]) == ("S1", {"ce_id": "01EVENT", "odd": None})
    assert letter["offset"] not in [about["offset"] for about in command(infrastructure, "dlq", "list", "cases")]
    handled: dict[str, Any] = command(infrastructure, "dlq", "show", "cases", str(letter["offset"]))
    assert (handled["state"], [act["what"] for act in handled["acts"]]) == ("replayed", ["replayed"])
    assert handled["acts"][0]["by"].startswith("cli:")
    log = (infrastructure.state / "audit.jsonl").read_text(encoding="utf-8")
    assert '"action": "replayed"' in log
    assert marker not in log


async def test_a_repaired_letter_keeps_its_event_id(infrastructure: Infrastructure) -> None:
    marker = uuid.uuid4().hex
    await bury(infrastructure, json.dumps({"marker": marker, "unit": None}).encode())
    offset = str(open_letter(infrastructure, marker)["offset"])
    command(infrastructure, "dlq", "repair", "cases", offset, "--merge", '{"unit": {"id": "u1"}}')
    sent = await last_of(infrastructure, marker)
    assert (sent["id"], sent["data"]["unit"]) == ("01EVENT", {"id": "u1"})


async def test_a_dropped_letter_rests_with_its_reason(infrastructure: Infrastructure) -> None:
    marker = uuid.uuid4().hex
    await bury(infrastructure, json.dumps({"marker": marker}).encode())
    offset = open_letter(infrastructure, marker)["offset"]
    env = {**infrastructure.env(), "MINSHENG_STATE": str(infrastructure.state)}
    assert minsheng("dlq", "drop", "cases", str(offset), "--reason", "test record", env=env).returncode == 0
    states = {about["offset"]: about["state"] for about in command(infrastructure, "dlq", "list", "cases", "--all")}
    assert states[offset] == "dropped"
