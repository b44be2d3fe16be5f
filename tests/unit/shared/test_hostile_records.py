"""What no reader can make sense of is kept whole and stops nobody."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry

from shared.messaging.dead_letters import DeadLetters
from shared.messaging.delivery import Delivery
from shared.messaging.metrics import DeliveryMetrics
from tests.support.broker import FakePublisher
from tests.support.clock import FrozenClock
from tests.support.records import FakeRecord, submitted_record


@pytest.mark.parametrize(
    "value",
    [b"\xff{", b"", None, b"[]", b"null", b'"text"', b'{"specversion":"1.0"}', b"\x00" * 900_000, b"[" * 100_000],
    ids=["half", "empty", "none", "list", "null", "string", "bare", "zeros", "deep"],
)
@pytest.mark.parametrize(
    "headers", [[], [("content-type", b"application/json")], [("ce_id", b"\xff"), ("ce_type", None)]]
)
async def test_junk_is_buried_as_it_came_and_its_neighbours_are_handled(
    value: bytes | None, headers: list[tuple[str, bytes | None]]
) -> None:
    """Row 16."""
    publisher, clock, handled = FakePublisher(), FrozenClock(), []

    async def handle(event: object) -> None:
        handled.append(event)

    delivery = Delivery(
        {"suggestion.submitted.v1": handle},
        DeadLetters(publisher, clock),
        clock,
        DeliveryMetrics(CollectorRegistry()),
    )
    junk = FakeRecord(offset=1, key=b"\xfe", value=value, headers=headers)
    await delivery([submitted_record("A"), junk, submitted_record("B", offset=2)])
    assert len(handled) == 2
    [buried] = publisher.published
    assert (buried.topic, buried.key, buried.value) == ("suggestions-dlq", b"\xfe", value)
    assert buried.headers[: len(headers)] == headers
    assert clock.slept == []
