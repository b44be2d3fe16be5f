"""From one suggestion to one class of issue: the inflow, clustered message by message as it comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import exp

from router.domain.messages import Message
from router.domain.similarity import SimilarityWindow

NEAREST = 3
"""A message joins by its likeness to so many members, so that one odd member draws nobody in."""
JOIN_ONE, JOIN_MANY, SETTLES = 0.12, 0.07, 3.0
"""Likeness needed to join an issue of one message, of very many, and how fast it falls with size: a likeness to one
message may be chance, to several of a group it is not."""
AS_CLOSE = 0.25
"""Beside that, a message must come so near to what the members were like when they joined: neighbours who write the
same letter are not joined by someone with a like trouble elsewhere."""
LINKED, LINKED_OF = 12, 40
"""Members looked at when two issues may be one."""


@dataclass
class Issue:
    """Messages about one matter. `id` is that of its first message and stays; `members` are in the order of joining;
    `closeness` is the mean likeness with which they joined."""

    id: str
    members: list[int] = field(default_factory=list)
    closeness: float = 0.0
    joined: int = 0

    def join(self, number: int, likeness: float) -> None:
        self.members.append(number)
        self.joined += 1
        self.closeness += (likeness - self.closeness) / self.joined

    def take_over(self, other: Issue) -> None:
        """All members of another issue, which is no more."""
        self.members = sorted(self.members + other.members)
        if self.joined + other.joined:
            total = self.closeness * self.joined + other.closeness * other.joined
            self.joined += other.joined
            self.closeness = total / self.joined

    @property
    def needed(self) -> float:
        """The likeness (0–1) asked of the next message."""
        by_size = JOIN_MANY + (JOIN_ONE - JOIN_MANY) * exp(-(len(self.members) - 1) / SETTLES)
        return max(by_size, AS_CLOSE * self.closeness)


@dataclass(frozen=True)
class Membership:
    """Where a message went. `likeness` is 0 for a new issue; `merged` names issues that it showed to be the same."""

    message_id: str
    issue_id: str
    new: bool
    likeness: float
    nearest: tuple[tuple[str, float], ...]
    merged: tuple[str, ...] = ()


class IssueStream:
    """Feed it messages in the order of time; the cost of each does not grow with the window."""

    def __init__(self, window: SimilarityWindow | None = None) -> None:
        self.window = SimilarityWindow() if window is None else window
        self._issues: dict[str, Issue] = {}
        self._of: dict[int, str] = {}

    def add(self, message: Message) -> Membership:
        """Join the issue that the message is most clearly about, or begin one."""
        number, gone = self.window.add(message)
        for old in gone:
            self._leave(old)
        likeness = self.window.like(number)
        candidates = self._candidates(number, likeness)
        nearest = sorted(likeness.items(), key=lambda one: (-one[1], one[0]))[:NEAREST]
        shown = tuple((self.window[n].message.id, round(value, 4)) for n, value in nearest if value > 0)
        if not candidates:
            self._issues[message.id] = Issue(message.id, [number])
            self._of[number] = message.id
            return Membership(message.id, message.id, True, 0.0, shown)
        chosen, value = candidates[0]
        chosen.join(number, value)
        self._of[number] = chosen.id
        kept, merged = self._merge(chosen, [issue for issue, _ in candidates[1:]])
        return Membership(message.id, kept.id, False, round(value, 4), shown, merged)

    def issues(self, *, at_least: int = 1) -> list[tuple[str, list[Message]]]:
        """(issue id, its messages in the window, oldest first), the largest issues first."""
        found = [
            (issue.id, [self.window[n].message for n in sorted(issue.members)])
            for issue in self._issues.values()
            if len(issue.members) >= at_least
        ]
        return sorted(found, key=lambda one: (-len(one[1]), one[0]))

    def members(self, issue_id: str) -> list[Message]:
        """An issue's messages in the window, oldest first; none where there is no such issue."""
        issue = self._issues.get(issue_id)
        return [self.window[n].message for n in sorted(issue.members)] if issue else []

    def cohesion(self, issue_id: str) -> float:
        """How alike the members are, 0–1: the mean likeness of each to its nearest; 0 for a single message."""
        members = self._issues[issue_id].members[-LINKED_OF:]
        if len(members) < 2:
            return 0.0
        each = [_nearest(list(self.window.compare(n, [m for m in members if m != n]).values())) for n in members]
        return sum(each) / len(each)

    def _candidates(self, number: int, likeness: dict[int, float]) -> list[tuple[Issue, float]]:
        """Issues that the message may join, with its likeness to each, the clearest first."""
        near: dict[str, list[float]] = {}
        for other, value in likeness.items():
            near.setdefault(self._of[other], []).append(value)
        found = []
        for issue_id, values in near.items():
            issue = self._issues[issue_id]
            if max(values) < JOIN_MANY:
                continue
            if len(values) < min(NEAREST, len(issue.members)):  # others of it were too unlike to be compared
                missing = [n for n in issue.members[-LINKED:] if n not in likeness]
                values = values + list(self.window.compare(number, missing).values())
            value = _nearest(values)
            above = value - issue.needed
            if above >= 0:
                found.append((above, issue, value))
        found.sort(key=lambda one: (-one[0], one[1].id))
        return [(issue, value) for _, issue, value in found]

    def _merge(self, kept: Issue, others: Sequence[Issue]) -> tuple[Issue, tuple[str, ...]]:
        """Make one of issues that a message belongs to, where the members of the smaller would join the larger."""
        merged = []
        for other in others:
            large, small = (kept, other) if len(kept.members) >= len(other.members) else (other, kept)
            sample = large.members[-LINKED_OF:]
            links = [_nearest(list(self.window.compare(n, sample).values())) for n in small.members[-LINKED:]]
            if sum(links) / len(links) < large.needed:
                continue
            large.take_over(small)
            self._of.update(dict.fromkeys(small.members, large.id))
            merged.append(self._issues.pop(small.id).id)
            kept = large
        return kept, tuple(merged)

    def _leave(self, number: int) -> None:
        issue = self._issues[self._of.pop(number)]
        issue.members.remove(number)
        if not issue.members:
            del self._issues[issue.id]


def _nearest(values: Sequence[float]) -> float:
    best = sorted(values, reverse=True)[:NEAREST]
    return sum(best) / len(best)
