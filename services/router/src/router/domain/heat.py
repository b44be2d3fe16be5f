"""Which issues are hot now, how hot, and what to call them in their members' own words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import log, log1p, sqrt

from router.domain.issues import IssueStream
from router.domain.messages import Message
from router.domain.wording import distinctive, subject_of

HALF_LIFE_DAYS = 90.0
"""A message counts half after so long."""
REPEAT_COUNTS = 0.25
"""What another message of the same person adds."""
SUPPORT_COUNTS = 0.3
"""What ln(1 + likes) adds."""
READ = 60
"""Latest members from which an issue is named."""
NAME_PIECES, LONGEST_PIECE, SHORTEST_PIECE = 3, 12, 2
COHESION_AT_LEAST, COHESION_OF_TWO, COHESION_OF_ONE_VOICE = 0.19, 0.25, 0.5
"""Below the first, messages share a theme (公积金) but not a matter; two messages need more, since they may be alike by
chance; from the third on they say the same."""


@dataclass(frozen=True)
class HotIssue:
    """An issue with its heat; `focus` (0–1): how much its members say the same; `example`: the most typical of them."""

    id: str
    name: str
    heat: float
    count: int
    people: int
    support: int
    first_at: datetime
    last_at: datetime
    focus: float
    example: str
    members: tuple[str, ...]


def hottest(stream: IssueStream, now: datetime, *, limit: int = 20, at_least: int = 2) -> list[HotIssue]:
    """The `limit` hottest issues of at least `at_least` messages, hottest first."""
    warm = [(heat_of(messages, now), key, messages) for key, messages in stream.issues(at_least=at_least)]
    warm.sort(key=lambda one: (-one[0], one[1]))
    found: list[HotIssue] = []
    size = len(stream.window)
    for heat, key, messages in warm:
        # Focus only lowers heat, so the rest can't overtake what is already found.
        if len(found) >= limit and heat < found[limit - 1].heat:
            break
        cohesion = stream.cohesion(key)
        if cohesion < _least(messages):
            continue
        focus = min(1.0, cohesion / COHESION_OF_ONE_VOICE)
        found.append(_described(key, heat * focus, focus, messages, stream.window.frequency, size))
        found.sort(key=lambda one: (-one.heat, one.id))
    return found[:limit]


def described(stream: IssueStream, issue_id: str, now: datetime) -> HotIssue | None:
    """One issue; None for a single message, and for messages that share no more than a theme."""
    messages = stream.members(issue_id)
    cohesion = stream.cohesion(issue_id) if len(messages) > 1 else 0.0
    if cohesion < _least(messages):
        return None
    focus = min(1.0, cohesion / COHESION_OF_ONE_VOICE)
    frequency, size = stream.window.frequency, len(stream.window)
    return _described(issue_id, heat_of(messages, now) * focus, focus, messages, frequency, size)


def _least(messages: Sequence[Message]) -> float:
    return COHESION_AT_LEAST if len(messages) > 2 else COHESION_OF_TWO


def heat_of(messages: Sequence[Message], now: datetime) -> float:
    """Each message by its age, more for a new person than for a repeated one, more with others' support."""
    seen: set[str] = set()
    heat = 0.0
    for message in messages:
        counts = 1.0
        if message.person is not None:
            counts = REPEAT_COUNTS if message.person in seen else 1.0
            seen.add(message.person)
        age = max(0.0, (now - message.at).total_seconds() / 86_400)
        heat += (counts + SUPPORT_COUNTS * log1p(max(0, message.support))) * 0.5 ** (age / HALF_LIFE_DAYS)
    return heat


def _described(
    key: str, heat: float, focus: float, messages: Sequence[Message], frequency: Callable[[str], int], size: int
) -> HotIssue:
    read = messages[-READ:]
    subjects = [distinctive((m.subject or "").strip() or subject_of(m.text)) for m in read]
    chosen = _chosen(_pieces(subjects, frequency, size))
    marks = [sum(piece in subject for piece in chosen) / (1 + len(subject)) ** 0.25 for subject in subjects]
    typical = max(range(len(read)), key=lambda n: (marks[n], -n))
    chosen.sort(key=lambda piece: (subjects[typical].find(piece) % 1000, piece))
    people = {m.person if m.person is not None else m.id for m in messages}
    return HotIssue(
        id=key,
        name=" ".join(chosen) or subjects[typical].replace("|", " ").strip(),
        heat=round(heat, 4),
        count=len(messages),
        people=len(people),
        support=sum(m.support for m in messages),
        first_at=messages[0].at,
        last_at=messages[-1].at,
        focus=round(focus, 4),
        example=read[typical].id,
        members=tuple(m.id for m in messages),
    )


def _pieces(subjects: Sequence[str], frequency: Callable[[str], int], size: int) -> list[str]:
    """Strings that several subjects have, the best names first: shared by many, rare elsewhere, long."""
    shared: Counter[str] = Counter()
    for subject in subjects:
        shared.update(_substrings(subject))
    least = max(2, round(0.3 * len(subjects)))
    often = {piece: n for piece, n in shared.items() if n >= least}
    found = []
    for piece, n in often.items():
        longer = (other for other in often if len(other) > len(piece) and piece in other)
        if any(often[other] >= 0.8 * n for other in longer):
            continue
        elsewhere = max(1, min(frequency(piece[i : i + 3]) for i in range(max(1, len(piece) - 2))))
        worth = n / len(subjects) * max(0.1, log((size + 1) / elsewhere)) * sqrt(len(piece))
        found.append((-worth, piece))
    return [piece for _, piece in sorted(found)]


def _chosen(pieces: Sequence[str]) -> list[str]:
    """The best pieces that don't repeat one another."""
    chosen: list[str] = []
    for piece in pieces:
        pairs = {piece[i : i + 2] for i in range(len(piece) - 1)}
        if not any(pair in other for pair in pairs for other in chosen):
            chosen.append(piece)
        if len(chosen) == NAME_PIECES:
            break
    return chosen


def _substrings(subject: str) -> set[str]:
    return {
        piece[at : at + length]
        for piece in subject.split("|")
        for length in range(SHORTEST_PIECE, LONGEST_PIECE + 1)
        for at in range(len(piece) - length + 1)
    }
