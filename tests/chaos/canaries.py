"""Where a phone number must not be: on any topic but one, in any log, on any metrics page, in any dead letter."""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.promised import CANARY_PHONE, Accepted
from tests.chaos.reading import Seen

ONE_TOPIC = "hotline-submissions"
"""The one topic that may hold contact data, and whose dead letters hold what came, byte for byte."""
CANARY = CANARY_PHONE.encode()


@dataclass(frozen=True, kw_only=True)
class Traces:
    """What else was left behind: folders of logs, pages of metrics, and the processes that must have a log."""

    logs: Sequence[Path]
    metrics: Sequence[str] = ()
    logging: Sequence[str] = ()
    searched: dict[str, int] = field(default_factory=dict)
    """Log → its bytes, once searched."""

    @property
    def names(self) -> set[str]:
        """The processes whose logs were searched: `router-1.log` is the router's."""
        return {name.split(".")[0].rstrip("0123456789").rstrip("-") for name in self.searched}


def canaries(records: Iterable[Seen], accepted: Accepted, traces: Traces) -> list[str]:
    """Each place in which the number was found; and whatever makes that nothing was found prove nothing."""
    found: list[str] = []
    sent: set[bytes] = set()
    letters: list[Seen] = []
    for one in records:
        if one.topic == ONE_TOPIC:
            sent.add(one.value)
            continue
        if one.topic == f"{ONE_TOPIC}-dlq":
            letters.append(one)
            where = " ".join((one.key or "", *one.headers, *one.headers.values()))
            if CANARY_PHONE in where:
                found.append(f"key or headers of {one.topic}/{one.partition}@{one.offset}")
        elif CANARY in one.value or CANARY_PHONE in " ".join((one.key or "", *one.headers, *one.headers.values())):
            found.append(f"{one.topic}/{one.partition}@{one.offset}")
    found += [
        f"{one.topic}/{one.partition}@{one.offset} is not what came"
        for one in letters
        if CANARY in one.value and one.value not in sent
    ]
    found += _in_logs(traces)
    found += ["a metric" for page in traces.metrics if CANARY_PHONE in page]
    if accepted.work_orders and not any(CANARY in value for value in sent):
        found.append("no work order carried the canary, so its absence elsewhere proves nothing")
    if accepted.broken and not any(CANARY in one.value for one in letters):
        found.append("no dead letter carried the canary, so its absence from their headers proves nothing")
    return found


def _in_logs(traces: Traces) -> list[str]:
    found = []
    for folder in traces.logs:
        for path in sorted(folder.iterdir()):
            if path.is_symlink() or not path.is_file():
                continue
            size = path.stat().st_size
            traces.searched[path.name] = traces.searched.get(path.name, 0) + size
            if size and _holds(path):
                found.append(f"log {path.name}")
    missing = [name for name in traces.logging if name not in traces.names]
    return found + [f"{name} left no log that could be searched" for name in missing]


def _holds(path: Path) -> bool:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(CANARY) >= 0
