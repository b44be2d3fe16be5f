"""One suggestion's life under duplication, reordering between topics, crashes and people, as a state machine.

The real handlers of three services work over in-memory stores that keep the real conditions. Kafka is two lists
with one offset per consumer; a crash is an effect whose offset was not committed; a rewind is a log read again.
The model is small: what was submitted, and what people decided.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from ulid import ULID

from intake_web.domain.states import RANK
from intake_web.domain.timeline import timeline_of
from intake_web.handlers.project import Project
from notifier.handlers.plan import plan
from router.adapters.simplified import simplify
from router.domain.case import Case
from router.handlers.act import Act
from router.handlers.decide import Decide
from router.handlers.open_case import OpenCase, ReviseCase
from shared.contracts.envelope import Event
from shared.contracts.model import EventData
from shared.contracts.suggestions import SuggestionCorrected, SuggestionSubmitted, SuggestionWithdrawn
from shared.errors import Conflict, Forbidden, MinshengError, PermanentError
from tests.support.casework import SIGNALS, VAGUE, CountedNumbers, MemoryCases, account
from tests.support.clock import FrozenClock
from tests.support.intake import FakeTracking
from tests.support.notices import FakeBook, FakeComposer
from tests.support.pack import linghe

OUTCOMES = {"case.assigned.v1", "case.declined.v1", "case.review-requested.v1"}
AT = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


@dataclass
class Consumer:
    """One group on both topics; `handle` is awaited for each record."""

    handle: Any
    offsets: dict[str, int] = field(default_factory=lambda: {"suggestions": 0, "cases": 0})


class Codes:
    """Receipts as the projection needs them."""

    def query_code(self, suggestion_id: str) -> str:
        return suggestion_id

    def code_hash(self, query_code: str) -> str:
        return query_code


class Quiet:
    def announce(self, suggestion_id: str) -> None:
        return None


class SharedCases(MemoryCases):
    """Whoever has read a case lets the others read it too, before anybody writes."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[Case] = []

    async def find(self, suggestion_id: str) -> Case | None:
        case = await super().find(suggestion_id)
        await asyncio.sleep(0)
        return case

    async def replace(
        self, before: Case, after: Case, events: Sequence[EventData], *, causation_id: str | None
    ) -> bool:
        done = await super().replace(before, after, events, causation_id=causation_id)
        self.written += [after] if done else []
        return done


def run(work: Awaitable[Any]) -> Any:
    return asyncio.run(work)


class Life(RuleBasedStateMachine):
    """Row 30: rules act on one suggestion; invariants hold after each."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FrozenClock(AT)
        self.topics: dict[str, list[Event[Any]]] = {"suggestions": [], "cases": []}
        self.suggestion_id = str(ULID())
        self.submitted = False
        self.withdrawn = False
        self.cases, self.tracking, self.book = SharedCases(), FakeTracking(), FakeBook()
        pack = linghe()
        decide = Decide(lambda: pack, simplify)
        open_case = OpenCase(decide, self.cases, CountedNumbers(), lambda: pack, self.clock)
        revise = ReviseCase(decide, self.cases, lambda: pack, self.clock)
        self.act = Act(self.cases, lambda: pack, self.clock)
        project = Project(self.tracking, Codes(), Quiet())
        composer = FakeComposer()

        async def route(event: Event[Any]) -> None:
            handlers = {
                "suggestion.submitted.v1": open_case,
                "suggestion.corrected.v1": revise.correct,
                "suggestion.withdrawn.v1": revise.withdraw,
            }
            if event.type in handlers:
                await handlers[event.type](event)

        async def notify(event: Event[Any]) -> None:
            await plan(event, book=self.book, composer=composer)

        self.groups = {"router": Consumer(route), "notifier": Consumer(notify), "intake-web": Consumer(project)}
        self.published = 0
        self.highest_rank = 0

    def _publish(self, topic: str, data: EventData, event_id: str, causation_id: str | None = None) -> None:
        self.topics[topic].append(
            Event(
                id=event_id,
                type=data.type_name,
                source="tests",
                subject=self.suggestion_id,
                time=self.clock.now(),
                data=data,
                causation_id=causation_id,
            )
        )

    # residents

    @precondition(lambda self: not self.submitted)
    @rule(text=st.sampled_from([SIGNALS, VAGUE, "广告：低价代开发票，加微信", "啊"]))
    def submit(self, text: str) -> None:
        self.submitted = True
        data = SuggestionSubmitted(
            suggestion_id=self.suggestion_id, channel="web", received_at=AT, text=text, contact_id="c1"
        )
        self._publish("suggestions", data, "submitted")

    @precondition(lambda self: self.submitted)
    @rule(number=st.integers(0, 2))
    def correct(self, number: int) -> None:
        data = SuggestionCorrected(suggestion_id=self.suggestion_id, text=SIGNALS, corrected_at=self.clock.now())
        self._publish("suggestions", data, f"corrected-{number}")

    @precondition(lambda self: self.submitted)
    @rule()
    def withdraw(self) -> None:
        data = SuggestionWithdrawn(suggestion_id=self.suggestion_id, withdrawn_at=self.clock.now())
        self._publish("suggestions", data, "withdrawn")
        self.withdrawn = True

    # the relay and the broker

    @rule(again=st.booleans())
    def relay(self, again: bool) -> None:
        """Publishes what the case tells, in order; a crash before the mark publishes the last batch twice."""
        start = max(0, self.published - 2) if again else self.published
        for number, (_, data, cause) in enumerate(self.cases.events[start:], start):
            self._publish("cases", data, f"case-{number}", cause)
        self.published = len(self.cases.events)

    @rule(
        group=st.sampled_from(["router", "notifier", "intake-web"]),
        topic=st.sampled_from(["suggestions", "cases"]),
        count=st.integers(1, 4),
        crash=st.booleans(),
    )
    def consume(self, group: str, topic: str, count: int, crash: bool) -> None:
        """Handle some records; a crash after the effect commits nothing, so that they come again."""
        consumer = self.groups[group]
        start = consumer.offsets[topic]
        for event in self.topics[topic][start : start + count]:
            try:
                run(consumer.handle(event))
            except PermanentError as error:
                assert error.code == "no-case"  # noqa: PT017 - the rule may be told so, or not
        if not crash:
            consumer.offsets[topic] = min(len(self.topics[topic]), start + count)

    @rule(group=st.sampled_from(["router", "notifier", "intake-web"]), topic=st.sampled_from(["suggestions", "cases"]))
    def rewind(self, group: str, topic: str) -> None:
        """The log is read again from its beginning (a lost offset, a lost tail, a replay)."""
        self.groups[group].offsets[topic] = 0

    # people

    @precondition(lambda self: bool(self.cases.cases))
    @rule(what=st.sampled_from(["assign", "decline", "resolve"]), stale=st.booleans())
    def decide(self, what: str, stale: bool) -> None:
        before = self.cases.cases[self.suggestion_id]
        try:
            run(self._deed(what, before.version - 1 if stale else before.version))
        except (Conflict, Forbidden, MinshengError):
            assert self.cases.cases[self.suggestion_id] == before
        else:
            assert not stale

    @precondition(lambda self: bool(self.cases.cases))
    @rule(
        one=st.sampled_from(["assign", "decline", "resolve"]),
        other=st.sampled_from(["assign", "decline", "resolve", "corrected", "withdrawn"]),
        number=st.integers(0, 2),
    )
    def two_at_once(self, one: str, other: str, number: int) -> None:
        """Two look at the same page, or one does while an event is handled: one write stands, the other is told so."""
        before = self.cases.cases[self.suggestion_id]
        waiting = [event for event in self.topics["suggestions"] if event.id in (f"corrected-{number}", "withdrawn")]
        events = [event for event in waiting if event.type.split(".")[1] == other]
        second = self.groups["router"].handle(events[0]) if events else None
        if other in ("assign", "decline", "resolve"):
            second = self._deed(other, before.version)
        deeds = [self._deed(one, before.version), *([second] if second else [])]

        async def together() -> list[Any]:
            return await asyncio.gather(*deeds, return_exceptions=True)

        self.cases.written = []
        answers = run(together())
        assert all(answer is None or isinstance(answer, MinshengError) for answer in answers)
        assert len(self.cases.written) <= 1, "two wrote on one page: the first one's word is gone"
        assert self.cases.cases[self.suggestion_id] == (self.cases.written or [before])[0]
        if not events:
            assert answers.count(None) == len(self.cases.written)

    def _deed(self, what: str, version: int) -> Awaitable[None]:
        """A person's act on the page of that version."""
        case = self.cases.cases[self.suggestion_id]
        by = account("supervisor" if what == "resolve" and case.unit is None else "clerk")
        if what == "resolve" and case.unit is not None:
            by = account("handler", case.unit.id, id="handler")
        if what == "assign":
            return self.act.assign(by, self.suggestion_id, version, unit="jiaojing", reason="核实")
        if what == "decline":
            return self.act.decline(by, self.suggestion_id, version, ground="R12", reason="不清楚")
        return self.act.resolve(by, self.suggestion_id, version, outcome="adopted", answer="已安装信号灯。")

    # what always holds

    @invariant()
    def one_suggestion_is_one_case(self) -> None:
        assert len(self.cases.cases) <= 1
        assert not self.cases.cases or self.submitted

    @invariant()
    def the_first_outcome_is_exactly_one(self) -> None:
        first = [name for name, _, cause in self.cases.events if cause == "submitted" and name in OUTCOMES]
        assert len(first) == len(self.cases.cases)

    @invariant()
    def each_event_acts_once(self) -> None:
        causes = [(name, cause) for name, _, cause in self.cases.events if cause is not None]
        assert len(causes) == len(set(causes))

    @invariant()
    def a_case_notes_each_event_once(self) -> None:
        for case in self.cases.cases.values():
            assert len(case.processed) == len(set(case.processed))
            changes = [entry for entry in case.history if entry.action in ("corrected", "reconsidered", "withdrawn")]
            assert len(changes) <= len(case.processed)

    @invariant()
    def versions_grow_by_one_with_each_change(self) -> None:
        for case in self.cases.cases.values():
            assert case.version == len(case.history)

    @invariant()
    def one_notice_per_event_and_channel(self) -> None:
        notices = [*self.book.queued.values(), *(notice for notice, _, _ in self.book.shown.values())]
        keys = [(one.event_id, one.channel) for one in notices]
        assert len(keys) == len(set(keys))

    @invariant()
    def the_tracking_page_depends_on_the_facts_alone(self) -> None:
        facts = list(self.tracking.facts.get(self.suggestion_id, {}).values())
        one, other = timeline_of("x", facts), timeline_of("x", reversed(facts))
        assert (one.state, one.steps) == (other.state, other.steps)
        if facts:
            rank = RANK[one.state]
            assert rank >= self.highest_rank, "the state went backwards"
            self.highest_rank = rank

    def teardown(self) -> None:
        """Whatever happened: once all is consumed, the resident sees the case as it is."""
        if not self.submitted:
            return
        for _ in range(3):
            self.relay(again=False)
            for group, consumer in self.groups.items():
                for topic in ("suggestions", "cases"):
                    self.consume(group, topic, 10_000, crash=False)
                    assert consumer.offsets[topic] == len(self.topics[topic])
        [case] = self.cases.cases.values()
        seen = timeline_of(self.suggestion_id, self.tracking.facts[self.suggestion_id].values())
        expected = {"withdrawn": {"withdrawn", "closed"}}.get(case.state, {case.state})
        # a wish that came too late to stop the case is shown all the same, but only where somebody had it
        assert seen.state in expected | ({"withdrawn"} if self.withdrawn else set()), (seen.state, case.state)
        assert seen.number == case.number or case.state in ("in-review", "declined", "withdrawn")


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
