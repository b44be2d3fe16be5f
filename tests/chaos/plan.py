"""What will be done, when, to whom: drawn from the seed before anything starts, so that a seed repeats a run."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass

SERVICES = ("intake-web", "intake-media", "router", "notifier", "worker-voice", "worker-video")
STORES = ("kafka", "mongo")
_WORKER = (
    "before_transcribe",
    "before_outcome",
    "after_outcome",
    "before_copies",
    "after_copies",
    "before_publish",
    "after_publish",
)
CRASHES = {
    "intake-web": ("before_insert", "after_insert", "before_publish", "after_publish", "before_effect", "after_effect"),
    "intake-media": ("before_insert", "after_insert", "before_publish", "after_publish"),
    "worker-voice": _WORKER,
    "worker-video": _WORKER,
    "router": ("before_effect", "before_insert", "after_insert", "after_effect", "before_publish", "after_publish"),
    "notifier": ("before_effect", "after_effect", "before_send", "after_send", "before_publish", "after_publish"),
}
LINKS = ("kafka-link", "mongo-link")
"""Between the services and their broker, and between them and their database."""
DISKS = ("uploads-disk", "kafka-disk")
KINDS = {
    "SIGKILL": "killed, and started again by the supervisor",
    "SIGSTOP": "frozen for seconds, then woken with all it believed",
    "crash point": "the process kills itself at a line around a write, a publish or a sending",
    "outage": "stopped on purpose and kept down",
    "slow network": "each piece delayed and cut small, for seconds",
    "reset network": "every open connection broken, several times",
    "silent network": "nothing passes and nobody is told, for seconds; then all that was held back arrives",
    "disk full": "the small file system has not a byte left; later it has",
}
_SURE_NETWORK = ((0.06, "slow network"), (0.42, "reset network"), (0.84, "silent network"))
"""Whatever the dice say, each link meets each of these once, the database's a little later than the broker's."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that happens; `at` is its share of the time of the load, `seconds` how long it lasts."""

    at: float
    kind: str
    target: str
    seconds: float = 0.0
    point: str = ""


def drawn(seed: int, wanted: int, *, outage_s: float, full: tuple[str, ...] = DISKS) -> list[Fault]:
    """`wanted` faults in the order of their time: the sure ones, and dice for the rest. `full`: disks that fill up."""
    dice = random.Random(seed)
    sure = _sure(dice, outage_s, full)[:wanted]
    gaps = [dice.uniform(0.5, 1.5) for _ in range(wanted - len(sure))]
    moments = [moment / (sum(gaps) or 1) for moment in itertools.accumulate(gaps)]
    return sorted([*sure, *(_one(dice, moment) for moment in moments)], key=lambda fault: fault.at)


def _sure(dice: random.Random, outage_s: float, full: tuple[str, ...]) -> list[Fault]:
    faults = [
        Fault(at=at + 0.06 * place, kind=kind, target=link, seconds=dice.uniform(3, 6))
        for at, kind in _SURE_NETWORK
        for place, link in enumerate(LINKS)
    ]
    faults += [
        Fault(at=at, kind="disk full", target=disk, seconds=dice.uniform(6, 10))
        for disk, moments in (("uploads-disk", (0.22, 0.78)), ("kafka-disk", (0.55,)))
        if disk in full
        for at in moments
    ]
    if outage_s:
        faults += [
            Fault(at=at, kind="outage", target=store, seconds=outage_s)
            for at, store in zip((0.3, 0.65), STORES, strict=True)
        ]
    return faults


def _one(dice: random.Random, at: float) -> Fault:
    lot, service, store = dice.random(), dice.choice(SERVICES), dice.choice(STORES)
    if lot < 0.32:
        return Fault(at=at, kind="SIGKILL", target=service)
    if lot < 0.50:
        return Fault(at=at, kind="SIGSTOP", target=service, seconds=dice.uniform(1, 12))
    if lot < 0.82:
        target = dice.choice(tuple(CRASHES))
        return Fault(at=at, kind="crash point", target=target, point=dice.choice(CRASHES[target]))
    if lot < 0.87:
        return Fault(at=at, kind="SIGKILL", target=store)
    if lot < 0.91:
        return Fault(at=at, kind="SIGSTOP", target=store, seconds=dice.uniform(1, 8))
    kind = dice.choice(("slow network", "reset network", "silent network"))
    return Fault(at=at, kind=kind, target=dice.choice(LINKS), seconds=dice.uniform(2, 8))
