"""What screening looks for in a text, as the pack says it."""

from collections.abc import Mapping
from re import Pattern
from typing import Literal

from pydantic import Field

from router.domain.decision import Frozen
from router.domain.organisation import Name
from router.domain.rule_table import Groups, Words

Nature = Literal["咨询", "求助", "投诉", "举报", "建议", "表扬"]


class Ground(Frozen):
    """A coded ground for declining. `certain` groups (one word of each) may decline a typed text by
    themselves where nothing in it asks for a change; `hints` only send it to a person."""

    id: str = Field(pattern=r"^R(0[1-9]|1[0-4])$")
    name: Name
    redirect: Name
    certain: tuple[Groups, ...] = ()
    hints: Words = ()


class EmergencyWords(Frozen):
    """`immediate` words report danger by themselves, `possible` ones only beside a word of `now`.

    A word of `topics` in the sentence (a drill, a lesson) or of `guards` in the clause (prevention, the
    past) clears both. `pointers` give the numbers to call, each with the words that ask for it.
    """

    immediate: Words
    possible: Words
    now: Words
    topics: Words
    guards: Words
    pointers: tuple[tuple[str, Words], ...]
    default_pointer: str


class ScreeningWords(Frozen):
    """Everything screening looks for, and what reviewers read for each reason code."""

    grounds: tuple[Ground, ...]
    emergency: EmergencyWords
    suggestion_markers: Words
    enquiry_markers: Words
    test_texts: Words
    advertising_patterns: tuple[Pattern[str], ...]
    not_suggestions: Mapping[Nature, str]
    reasons: Mapping[str, Name]
