"""The delivery policy, row by row: what is committed, retried, buried."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from shared.contracts.envelope import Event
from shared.errors import PermanentError, TransientError, Unavailable
from shared.messaging.attempts import MAX_BUG_ATTEMPTS, Handler
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.delivery import IN_PLACE_BUDGET_S, Delivery
from shared.messaging.metrics import DeliveryMetrics
from tests.support.broker import FakePublisher
from tests.support.clock import FrozenClock
from tests.support.records import FakeRecord, submitted_record


class Bench:
    """A delivery with a handler that does what `plan` says, call by call."""

    def __init__(self, *plan: BaseException | None) -> None:
        self.clock = FrozenClock()
        self.publisher = FakePublisher()
        self.handled: list[str] = []
        self.plan = list(plan)
        self.registry = CollectorRegistry()
        self.handlers: dict[str, Handler] = {"suggestion.submitted.v1": self.handle}
        self.delivery = Delivery(
            self.handlers,
            DeadLetters(self.publisher, self.clock),
            self.clock,
            DeliveryMetrics(self.registry),
        )

    async def handle(self, event: Event[Any]) -> None:
        await asyncio.sleep(0)
        if self.plan and (failure := self.plan.pop(0)) is not None:
            raise failure
        self.handled.append(event.subject)


async def test_a_good_record_is_handled_and_the_batch_commits() -> None:
    bench = Bench()
    await bench.delivery([submitted_record("A")])
    assert bench.handled == ["A"]
    assert bench.publisher.published == []


async def test_a_transient_error_is_retried_with_growing_pauses_until_it_passes() -> None:
    """Row 14."""
    bench = Bench(Unavailable("database"), Unavailable("database"), Unavailable("database"))
    await bench.delivery([submitted_record("A")])
    assert bench.handled == ["A"]
    assert len(bench.clock.slept) == 3
    assert bench.clock.slept[2] > bench.clock.slept[0]
    assert bench.publisher.published == []


async def test_a_lasting_outage_gives_the_batch_back_and_never_buries_it() -> None:
    """Row 9."""
    bench = Bench(*[Unavailable("database")] * 1000)
    with pytest.raises(TransientError):
        await bench.delivery([submitted_record("A")])
    assert sum(bench.clock.slept) <= IN_PLACE_BUDGET_S
    assert bench.publisher.published == []


async def test_a_permanent_error_goes_to_the_dead_letters_at_once_with_raw_bytes_and_provenance() -> None:
    """Row 15."""
    bench = Bench(PermanentError("not for us", code="unknown-source"))
    record = submitted_record("A", offset=41)
    await bench.delivery([record])
    [buried] = bench.publisher.published
    headers = dict(buried.headers)
    assert buried.topic == "suggestions-dlq"
    assert (buried.key, buried.value) == (record.key, record.value)
    assert headers["original-offset"] == b"41"
    assert headers["error-type"] == b"unknown-source"
    assert headers["attempts"] == b"1"


async def test_a_bug_is_tried_a_few_times_and_then_buried_without_its_message() -> None:
    """Row 15."""
    bench = Bench(*[ValueError("电话 13900000000")] * MAX_BUG_ATTEMPTS)
    await bench.delivery([submitted_record("A")])
    [buried] = bench.publisher.published
    assert dict(buried.headers)["error-type"] == b"ValueError"
    assert dict(buried.headers)["attempts"] == str(MAX_BUG_ATTEMPTS).encode()
    assert b"13900000000" not in dict(buried.headers)["error"]


async def test_a_record_that_can_not_be_read_is_buried_and_its_neighbours_are_handled() -> None:
    bench = Bench()
    broken = FakeRecord(offset=1, value=b"\xff{", headers=[("x", None), ("reply_to", b"cases")])
    await bench.delivery([submitted_record("A"), broken, submitted_record("B", offset=2)])
    assert sorted(bench.handled) == ["A", "B"]
    [buried] = bench.publisher.published
    assert buried.value == b"\xff{"
    assert buried.headers[:2] == [("x", None), ("reply_to", b"cases")]


async def test_nothing_is_committed_while_a_dead_letter_can_not_be_written() -> None:
    """Row 19."""
    bench = Bench(PermanentError("no"), PermanentError("no"))
    bench.publisher.failures = 1
    await bench.delivery([submitted_record("A")])
    assert len(bench.publisher.published) == 1
    assert len(bench.clock.slept) == 1


async def test_records_of_one_suggestion_stay_in_order_when_the_first_must_wait() -> None:
    """Row 30."""
    bench = Bench(Unavailable("database"))
    events: list[str] = []

    async def handle(event: Event[Any]) -> None:
        await bench.handle(event)
        events.append(event.id)

    bench.handlers["suggestion.submitted.v1"] = handle
    first, second = submitted_record("A", event_id="e1"), submitted_record("A", offset=1, event_id="e2")
    await bench.delivery([first, second])
    assert events == ["e1", "e2"]


async def test_other_suggestions_flow_while_one_must_wait() -> None:
    """Row 14."""
    bench = Bench()
    order: list[str] = []
    failed = False

    async def handle(event: Event[Any]) -> None:
        nonlocal failed
        if event.subject == "A" and not failed:
            failed = True
            raise Unavailable("database")
        order.append(event.subject)

    bench.handlers["suggestion.submitted.v1"] = handle
    await bench.delivery([submitted_record("A"), submitted_record("B", offset=1)])
    assert order == ["B", "A"]


async def test_a_batch_given_back_does_not_handle_again_what_was_done() -> None:
    bench = Bench()
    seen: list[str] = []
    down = True

    async def handle(event: Event[Any]) -> None:
        if event.subject == "B" and down:
            raise Unavailable("database")
        seen.append(event.subject)

    bench.handlers["suggestion.submitted.v1"] = handle
    batch = [submitted_record("A"), submitted_record("B", offset=1)]
    with pytest.raises(TransientError):
        await bench.delivery(batch)
    down = False
    await bench.delivery(batch)
    assert seen == ["A", "B"]


async def test_a_leaked_cancellation_is_a_bug_of_the_handler_not_the_end_of_the_loop() -> None:
    """Row 20."""
    bench = Bench(asyncio.CancelledError())
    await bench.delivery([submitted_record("A")])
    assert bench.handled == ["A"]


async def test_a_real_cancellation_passes_through_so_that_nothing_is_committed() -> None:
    bench = Bench()
    waiting = asyncio.Event()

    async def handle(event: Event[Any]) -> None:
        waiting.set()
        await asyncio.sleep(60)

    bench.handlers["suggestion.submitted.v1"] = handle
    task = asyncio.create_task(bench.delivery([submitted_record("A")]))
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert bench.publisher.published == []


async def test_an_unknown_type_is_buried_and_a_known_type_without_handler_passes() -> None:
    """Row 31."""
    bench = Bench()
    unknown = submitted_record("A")
    headers = [(name, b"suggestion.submitted.v99" if name == "ce_type" else value) for name, value in unknown.headers]
    other = submitted_record("B", offset=1)
    withdrawn = [(name, b"suggestion.withdrawn.v1" if name == "ce_type" else value) for name, value in other.headers]
    await bench.delivery(
        [
            FakeRecord(key=unknown.key, value=unknown.value, headers=headers),
            FakeRecord(
                offset=1,
                key=other.key,
                value=b'{"suggestion_id":"B","withdrawn_at":"2026-11-24T01:00:00Z"}',
                headers=withdrawn,
            ),
        ]
    )
    [buried] = bench.publisher.published
    assert dict(buried.headers)["error-type"] == b"unknown-type"
    assert bench.handled == []


async def test_records_are_counted_by_type_and_by_what_became_of_them() -> None:
    bench = Bench(None, Unavailable("database"), None, ValueError("a bug"), None, PermanentError("no", code="no"))
    await bench.delivery([submitted_record("A", offset=1)])
    await bench.delivery([submitted_record("A", offset=2)])
    await bench.delivery([submitted_record("A", offset=3)])
    await bench.delivery([submitted_record("A", offset=4)])
    await bench.delivery([FakeRecord(offset=5, value=b"\xff{")])

    def counted(outcome: str, kind: str = "suggestion.submitted.v1") -> float | None:
        labels = {"topic": "suggestions", "type": kind, "outcome": outcome}
        return bench.registry.get_sample_value("minsheng_events_consumed_total", labels)

    assert (counted("handled"), counted("retried"), counted("dead-lettered")) == (3, 2, 1)
    assert counted("dead-lettered", kind="") == 1  # nobody can say what it was
    buried = {"topic": "suggestions", "error_type": "no"}
    assert bench.registry.get_sample_value("minsheng_dead_letters_total", buried) == 1
