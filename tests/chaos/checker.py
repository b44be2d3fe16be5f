"""The history checker: reads what anyone may read from outside and compares it with what was promised.

It imports nothing of the system: topics are read with a plain consumer, headers and JSON by hand.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.chaos.load import CANARY_PHONE, Accepted

OUTCOMES = ("case.assigned.v1", "case.declined.v1", "case.review-requested.v1")
TOPICS = ("suggestions", "cases", "recordings", "hotline-submissions", "notices")
ORDER = {
    "case.review-requested.v1": 0,
    "case.accepted.v1": 1,
    "case.assigned.v1": 2,
    "case.declined.v1": 2,
    "case.resolved.v1": 3,
}
"""Ranks of the events on `cases`: none comes after a higher one."""
NOTICES = ("notice.sent.v1", "notice.failed.v1")


@dataclass(frozen=True)
class Seen:
    """One record as a stranger sees it."""

    topic: str
    partition: int
    offset: int
    key: str | None
    headers: dict[str, str]
    value: bytes

    @property
    def data(self) -> dict[str, Any]:
        return json.loads(self.value)


@dataclass
class Verdict:
    """What the comparison found; every list must be empty."""

    accepted: int = 0
    lost: list[str] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    several_outcomes: list[str] = field(default_factory=list)
    out_of_order: list[str] = field(default_factory=list)
    canaries: list[str] = field(default_factory=list)
    dead_letters: list[str] = field(default_factory=list)
    records: dict[str, int] = field(default_factory=dict)
    repeats: int = 0
    """Records that came again with the same event id: allowed, consumers drop them."""

    @property
    def clean(self) -> bool:
        return not (
            self.lost
            or self.undecided
            or self.doubled
            or self.several_outcomes
            or self.out_of_order
            or self.canaries
            or self.dead_letters
        )


async def read_all(kafka: str, topics: tuple[str, ...]) -> list[Seen]:
    """Every record of the topics, from the first to the end as it is now."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    seen: list[Seen] = []
    try:
        places = [
            TopicPartition(topic, number)
            for topic in topics
            for number in (consumer.partitions_for_topic(topic) or await _partitions(consumer, topic))
        ]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        await consumer.seek_to_beginning(*places)
        while any([await consumer.position(place) < ends[place] for place in places]):
            for records in (await consumer.getmany(timeout_ms=1000, max_records=2000)).values():
                for one in records:
                    headers = {name: (value or b"").decode("utf-8", "replace") for name, value in one.headers}
                    key = one.key.decode("utf-8", "replace") if one.key else None
                    seen.append(Seen(one.topic, one.partition, one.offset, key, headers, one.value or b""))
    finally:
        await consumer.stop()
    return seen


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    await consumer._client.force_metadata_update()
    found = consumer._client.cluster.partitions_for_topic(topic)
    if not found:
        consumer._client.add_topic(topic)
        await consumer._client.force_metadata_update()
        found = consumer._client.cluster.partitions_for_topic(topic)
    return found or set()


async def settled(kafka: str, accepted: Accepted) -> tuple[int, int]:
    """How many accepted submissions have a first outcome, and how many were promised: for waiting."""
    records = await read_all(kafka, ("suggestions", "cases"))
    decided = {one.headers.get("ce_subject") for one in records if one.headers.get("ce_type") in OUTCOMES}
    by_order = _work_orders(records)
    done = sum(one in decided for one in accepted.suggestions)
    done += sum(bool(by_order.get(order, set()) & decided) for order in accepted.work_orders)
    return done, accepted.total


def _work_orders(records: list[Seen]) -> dict[str, set[str]]:
    """External id of a hotline → the suggestions that it became (exactly one each, if all is well)."""
    orders: dict[str, set[str]] = defaultdict(set)
    for one in records:
        if one.headers.get("ce_type") == "suggestion.submitted.v1" and b'"external_id"' in one.value:
            orders[one.data["external_id"]].add(one.headers["ce_subject"])
    return orders


async def check(kafka: str, accepted: Accepted, logs: Path, metrics: list[str]) -> Verdict:
    """Compare promises and history, as they are now."""
    records = await read_all(kafka, (*TOPICS, *(f"{topic}-dlq" for topic in TOPICS)))
    return compared(records, accepted, logs, metrics)


def compared(records: list[Seen], accepted: Accepted, logs: Path, metrics: list[str]) -> Verdict:
    """What the records, logs and metrics say of what was promised."""
    verdict = Verdict(accepted=accepted.total)
    for one in records:
        verdict.records[one.topic] = verdict.records.get(one.topic, 0) + 1
        if one.topic.endswith("-dlq"):
            verdict.dead_letters.append(f"{one.topic} {one.headers.get('error-type')}: {one.headers.get('error')}")
    _look_for_canaries(verdict, records, accepted, logs, metrics)
    firsts = _first_of_each(verdict, records)
    submitted, outcomes = _by_subject(firsts, {"suggestion.submitted.v1"}), _by_subject(firsts, set(OUTCOMES))
    by_order = _work_orders(records)
    promised = list(accepted.suggestions) + [
        min(by_order.get(order) or {f"order {order}"}) for order in accepted.work_orders
    ]
    for suggestion_id in promised:
        if suggestion_id not in submitted:
            verdict.lost.append(suggestion_id)
        elif suggestion_id not in outcomes:
            verdict.undecided.append(suggestion_id)
    verdict.lost += _changed_texts(firsts, accepted)
    verdict.doubled = [f"order {order}" for order, became in by_order.items() if len(became) > 1]
    verdict.doubled += _doubled(firsts)
    verdict.several_outcomes = [subject for subject, events in outcomes.items() if len(events) > 1]
    for subject, events in _by_subject(firsts, set(ORDER)).items():
        ranks = [ORDER[one.headers["ce_type"]] for one in sorted(events, key=lambda one: one.offset)]
        if ranks != sorted(ranks) or len({one.partition for one in events}) > 1:
            verdict.out_of_order.append(subject)
    return verdict


def _doubled(firsts: list[Seen]) -> list[str]:
    """Effects under two event ids: a submission, an opened case, one answer to one cause, the outcome of one notice."""
    effects: Counter[tuple[str, ...]] = Counter()
    for one in firsts:
        kind, subject, cause = (one.headers.get(f"ce_{name}", "") for name in ("type", "subject", "causationid"))
        if kind in NOTICES:
            effects["notice", one.data["notice_id"]] += 1
        elif kind in ("suggestion.submitted.v1", "case.accepted.v1"):
            effects[kind, subject] += 1
        elif cause:
            effects[kind, subject, cause] += 1
    return [" ".join(effect) for effect, times in effects.items() if times > 1]


def _changed_texts(firsts: list[Seen], accepted: Accepted) -> list[str]:
    """Work orders whose words are not those that the hotline sent."""
    return [
        f"words of order {one.data['external_id']}"
        for one in firsts
        if one.headers.get("ce_type") == "suggestion.submitted.v1"
        and b'"external_id"' in one.value
        and one.data["text"] != accepted.work_orders.get(one.data["external_id"], one.data["text"])
    ]


def _first_of_each(verdict: Verdict, records: list[Seen]) -> list[Seen]:
    """Each event once; repeats with the same id are counted and left out."""
    firsts: dict[tuple[str, str], Seen] = {}
    for one in records:
        if one.topic in TOPICS and one.topic != "hotline-submissions":
            identity = (one.topic, one.headers.get("ce_id", ""))
            verdict.repeats += identity in firsts
            firsts.setdefault(identity, one)
    return list(firsts.values())


def _by_subject(records: list[Seen], kinds: set[str]) -> dict[str, list[Seen]]:
    found: dict[str, list[Seen]] = defaultdict(list)
    for one in records:
        if one.headers.get("ce_type") in kinds:
            found[one.headers.get("ce_subject", "")].append(one)
    return found


def _look_for_canaries(
    verdict: Verdict, records: list[Seen], accepted: Accepted, logs: Path, metrics: list[str]
) -> None:
    carried = False
    for one in records:
        if one.topic.startswith("hotline-submissions"):
            carried = carried or CANARY_PHONE.encode() in one.value
            continue  # the one topic that may hold contact data
        if CANARY_PHONE.encode() in one.value or CANARY_PHONE in "".join((one.key or "", *one.headers.values())):
            verdict.canaries.append(f"{one.topic}/{one.partition}@{one.offset}")
    verdict.canaries += [
        f"log {path.name}" for path in logs.glob("*.log*") if CANARY_PHONE.encode() in path.read_bytes()
    ]
    verdict.canaries += ["a metric" for page in metrics if CANARY_PHONE in page]
    if accepted.work_orders and not carried:
        verdict.canaries.append("no work order carried the canary, so its absence elsewhere proves nothing")
