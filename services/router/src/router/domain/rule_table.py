"""One row of the routing table, and an index of all rows by the words that may fire them."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import BeforeValidator, Field

from router.domain.decision import Frozen

Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$", max_length=60)]
Word = Annotated[str, Field(min_length=1, max_length=60)]
Words = tuple[Word, ...]


def _groups(value: object) -> object:
    return [[g] if isinstance(g, str) else g for g in value] if isinstance(value, list) else value


Groups = Annotated[tuple[Words, ...], BeforeValidator(_groups)]


class Rule(Frozen):
    """`any`: one of these words; `all`: one of each group; `none`: none of these."""

    id: Id
    class_id: Id = Field(alias="class")
    unit: Id
    co_units: tuple[Id, ...] = ()
    any_of: Words = Field(default=(), alias="any")
    all_of: Groups = Field(default=(), alias="all")
    none_of: Words = Field(default=(), alias="none")
    channels: tuple[str, ...] = ()
    towns: tuple[Id, ...] = ()
    priority: int = Field(default=50, ge=0, le=100)
    confidence: float = Field(default=0.92, gt=0, le=1)
    note: str = ""
    examples: tuple[str, ...] = Field(min_length=1)


class RuleIndex:
    """Which rules a text may fire: those with one of its words, and those that need none."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._without_words: list[Rule] = []
        self._by_word: dict[str, list[Rule]] = {}
        for rule in rules:
            if not rule.any_of:
                self._without_words.append(rule)
            for word in dict.fromkeys(rule.any_of):
                self._by_word.setdefault(word, []).append(rule)

    def candidates(self, text: str) -> list[Rule]:
        """Each rule once; the order means nothing."""
        seen = {rule.id: rule for rule in self._without_words}
        for word, rules in self._by_word.items():
            if word in text:
                seen |= {rule.id: rule for rule in rules}
        return list(seen.values())
