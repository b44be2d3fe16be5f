"""The history checker: reads what anyone may read from outside and compares it with what was promised.

It imports nothing of the system.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tests.chaos.canaries import ONE_TOPIC, Traces, canaries
from tests.chaos.promised import EFFECTS, Accepted
from tests.chaos.reading import Seen
from tests.chaos.states import ACCEPTED, ASSIGNED, DECLINED, REVIEW, backwards, in_order, last_states

OUTCOMES = (ASSIGNED, DECLINED, REVIEW)
SUBMITTED, CORRECTED = "suggestion.submitted.v1", "suggestion.corrected.v1"
TOPICS = ("suggestions", "cases", "recordings", ONE_TOPIC, "notices")
NOTICES = ("notice.sent.v1", "notice.failed.v1")
MARKS = re.compile(rb"(?:act|broken)-[0-9a-f]{16}")
PROMISES = (
    "lost",
    "undecided",
    "doubled",
    "several_outcomes",
    "out_of_order",
    "acts_lost",
    "acts_doubled",
    "pages_wrong",
    "canaries",
    "dead_letters",
)


@dataclass
class Verdict:
    """What the comparison found; every list of `PROMISES` must be empty."""

    accepted: int = 0
    lost: list[str] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    several_outcomes: list[str] = field(default_factory=list)
    out_of_order: list[str] = field(default_factory=list)
    acts_lost: list[str] = field(default_factory=list)
    acts_doubled: list[str] = field(default_factory=list)
    pages_wrong: list[str] = field(default_factory=list)
    canaries: list[str] = field(default_factory=list)
    dead_letters: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    """Of a run that was overloaded: on its way when time ran out, neither lost nor shown not to be."""
    acts: Counter[str] = field(default_factory=Counter)
    buried: int = 0
    """Broken records that lie in their dead letters, as they must."""
    pages: int = 0
    records: dict[str, int] = field(default_factory=dict)
    repeats: int = 0
    """Records that came again with the same event id: allowed, consumers drop them."""

    @property
    def clean(self) -> bool:
        return not self.waiting and not any(getattr(self, promise) for promise in PROMISES)


def compared(
    records: list[Seen],
    accepted: Accepted,
    traces: Traces,
    *,
    pages: Mapping[str, str] | None = None,
    overloaded: bool = False,
) -> Verdict:
    """What records, logs, metrics and `pages` (suggestion → state on its tracking page) say of what was promised."""
    verdict = Verdict(accepted=accepted.total, records=dict(Counter(one.topic for one in records)))
    verdict.canaries = canaries(records, accepted, traces)
    firsts = _first_of_each(verdict, records)
    _look_at_letters(verdict, records, accepted)
    submitted, outcomes = by_subject(firsts, {SUBMITTED}), by_subject(firsts, set(OUTCOMES))
    by_order = _work_orders(firsts)
    promised = list(accepted.suggestions) + [
        min(by_order.get(order) or {f"order {order}"}) for order in accepted.work_orders
    ]
    for suggestion_id in promised:
        if suggestion_id not in submitted:
            verdict.lost.append(suggestion_id)
        elif suggestion_id not in outcomes:
            verdict.undecided.append(suggestion_id)
    verdict.doubled = [f"order {order}" for order, became in by_order.items() if len(became) > 1]
    verdict.doubled += _doubled(firsts)
    verdict.several_outcomes = _of_no_cause(firsts, outcomes, {one.suggestion_id for one in accepted.deeds})
    verdict.out_of_order = backwards(firsts)
    _look_at_acts(verdict, firsts, accepted)
    if overloaded:
        verdict.waiting = [*verdict.lost, *verdict.undecided, *verdict.acts_lost]
        verdict.lost, verdict.undecided, verdict.acts_lost = [], [], []
    verdict.lost += _changed_texts(firsts, accepted)
    states = last_states(firsts)
    verdict.pages = len(pages or {})
    verdict.pages_wrong = [
        f"{subject}: page {shown}, case {states.get(subject)}"
        for subject, shown in (pages or {}).items()
        if shown != states.get(subject) and not overloaded
    ]
    return verdict


def _look_at_letters(verdict: Verdict, records: list[Seen], accepted: Accepted) -> None:
    """What was broken on purpose lies there as it was sent; nothing else does."""
    sent = {one.value for one in records if one.topic == ONE_TOPIC}
    buried: set[str] = set()
    for one in records:
        if not one.topic.endswith("-dlq"):
            continue
        signs = {found.decode() for found in MARKS.findall(one.value)} & set(accepted.broken)
        if one.topic == f"{ONE_TOPIC}-dlq" and signs and one.value in sent:
            buried |= signs
        else:
            verdict.dead_letters.append(f"{one.topic} {one.headers.get('error-type')}: {one.headers.get('error')}")
    verdict.buried = len(buried)
    verdict.lost += [f"{one} (in no dead letter)" for one in accepted.broken if one not in buried]


def _look_at_acts(verdict: Verdict, firsts: list[Seen], accepted: Accepted) -> None:
    """Each act that was answered had one effect, each other one at most; of two on the same page one was taken."""
    effects: dict[tuple[str, str], int] = defaultdict(int)
    for one in firsts:
        if one.kind not in EFFECTS.values() or not (found := MARKS.findall(one.value)):
            continue
        if one.kind != CORRECTED or not one.data.get("confirmed"):  # the same words again are their confirmation
            for signs in set(found):
                effects[one.kind, signs.decode()] += 1
    versions: Counter[tuple[str, int]] = Counter()
    for deed in accepted.deeds:
        times = effects[EFFECTS[deed.kind], deed.mark]
        if times > 1:
            verdict.acts_doubled.append(f"{deed.kind} of {deed.suggestion_id}: {times} effects")
        if not deed.done:
            verdict.acts["not taken, since another was quicker"] += 1
            continue
        verdict.acts[deed.kind] += 1
        if not times:
            verdict.acts_lost.append(f"{deed.kind} of {deed.suggestion_id}")
        if deed.version is not None:
            versions[deed.suggestion_id, deed.version] += 1
    verdict.acts_doubled += [f"{n} acts on version {v} of {case}" for (case, v), n in versions.items() if n > 1]


def _of_no_cause(firsts: list[Seen], outcomes: dict[str, list[Seen]], acted: set[str]) -> list[str]:
    """Suggestions decided twice on one submission, or decided by nothing that the campaign knows of."""
    causes = {
        (one.subject, one.headers.get("ce_id", "")): one.kind for one in firsts if one.kind in (SUBMITTED, CORRECTED)
    }
    submitted = {subject for (subject, _), kind in causes.items() if kind == SUBMITTED}
    found = []
    for subject, events in outcomes.items():
        of = [one.headers.get("ce_causationid", "") for one in events]
        known = [causes.get((subject, cause)) if cause else CORRECTED for cause in of]
        of_nobody = None in known or ("" in of and subject not in acted)
        if subject in submitted and (of_nobody or known.count(SUBMITTED) != 1):
            found.append(subject)
    return found


def _doubled(firsts: list[Seen]) -> list[str]:
    """Effects under two event ids: a submission, an opened case, one answer to one cause, the outcome of one notice."""
    effects: Counter[tuple[str, ...]] = Counter()
    for one in firsts:
        cause = one.headers.get("ce_causationid", "")
        if one.kind in NOTICES:
            effects["notice", one.data["notice_id"]] += 1
        elif one.kind in (SUBMITTED, ACCEPTED):
            effects[one.kind, one.subject] += 1
        elif cause:
            effects[one.kind, one.subject, cause] += 1
    return [" ".join(effect) for effect, times in effects.items() if times > 1]


def _work_orders(records: Iterable[Seen]) -> dict[str, set[str]]:
    """External id of a hotline → the suggestions that it became (exactly one each, if all is well)."""
    orders: dict[str, set[str]] = defaultdict(set)
    for one in records:
        if one.kind == SUBMITTED and b'"external_id"' in one.value:
            orders[one.data["external_id"]].add(one.subject)
    return orders


def _changed_texts(firsts: list[Seen], accepted: Accepted) -> list[str]:
    """Work orders whose words are not those that the hotline sent."""
    return [
        f"words of order {one.data['external_id']}"
        for one in firsts
        if one.kind == SUBMITTED
        and b'"external_id"' in one.value
        and one.data["text"] != accepted.work_orders.get(one.data["external_id"], one.data["text"])
    ]


def _first_of_each(verdict: Verdict, records: list[Seen]) -> list[Seen]:
    """Each event once, in the order of its partition; repeats with the same id are counted and left out."""
    firsts: dict[tuple[str, str], Seen] = {}
    for one in sorted(records, key=lambda one: (one.topic, one.partition, one.offset)):
        if one.topic in TOPICS and one.topic != ONE_TOPIC:
            identity = (one.topic, one.headers.get("ce_id", ""))
            verdict.repeats += identity in firsts
            firsts.setdefault(identity, one)
    return in_order(firsts.values())


def by_subject(records: Iterable[Seen], kinds: set[str]) -> dict[str, list[Seen]]:
    """The events of these kinds, of each suggestion."""
    found: dict[str, list[Seen]] = defaultdict(list)
    for one in records:
        if one.kind in kinds:
            found[one.subject].append(one)
    return found
