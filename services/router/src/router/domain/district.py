"""The district pack as data: who is who, what goes where, which clock runs. No names live in code."""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from router.domain.decision import Frozen
from router.domain.organisation import Body, CollectionPoint, Name, Organisation, Place
from router.domain.rule_table import Id, Rule, RuleIndex
from router.domain.screening_words import Ground, Nature, ScreeningWords
from router.domain.working_days import WorkCalendar

NumberPrefix = Annotated[str, Field(pattern=r"^[A-Z]{1,8}$")]
Role = Literal["clerk", "handler", "supervisor", "leader"]


class FieldClass(Frozen):
    """A class of the taxonomy; `territorial` means: to the town named, the unit helps."""

    id: Id
    name: Name
    parent: Id | None = None
    unit: Id
    co_units: tuple[Id, ...] = ()
    territorial: bool = False


class Clock(Frozen):
    """Working days per step."""

    sign: int = Field(ge=1)
    give_back: int = Field(ge=1, alias="return")
    accept: int = Field(ge=1)
    handle: int = Field(ge=1)
    extension: int = Field(ge=0)
    key: int = Field(ge=1)
    key_classes: tuple[Id, ...] = ()


class Hotline(Frozen):
    """A platform that may publish; its codes and words for nature map onto ours."""

    id: Id
    name: Name
    codes: Mapping[str, Id] = {}
    natures: Mapping[str, Nature] = {}


class Account(Frozen):
    """A local desk account; `demo` ones are refused outside a local stack."""

    id: Id
    name: str
    role: Role
    unit: Id
    password_hash: str = Field(pattern=r"^\$argon2id\$")
    demo: bool = False


class Example(Frozen):
    """A labelled text of our own that trains the default text model."""

    class_id: Id = Field(alias="class")
    text: str = Field(min_length=4)
    subject: str | None = None


class Thresholds(Frozen):
    """At or above these a decision stands without a person."""

    rule: float = Field(ge=0, le=1)
    model: float = Field(ge=0, le=1)


class District(Frozen):
    """The whole pack, validated. `version` names its contents, `rules_version` the rules and screening."""

    id: Id
    name: Name
    version: str
    rules_version: str
    number_prefix: NumberPrefix = "JY"
    """Case numbers begin with it."""
    fallback_unit: Id
    thresholds: Thresholds
    organisation: Organisation
    places: tuple[Place, ...] = ()
    collection_points: tuple[CollectionPoint, ...] = ()
    taxonomy: tuple[FieldClass, ...]
    rules: tuple[Rule, ...]
    screening: ScreeningWords
    clock: Clock
    hotlines: tuple[Hotline, ...] = ()
    accounts: tuple[Account, ...] = ()
    examples: tuple[Example, ...] = ()
    calendar: WorkCalendar = Field(default_factory=WorkCalendar)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Without what was worked out from the rows before."""
        made = super().model_copy(update=update, deep=deep)
        for name in made.__dict__.keys() - type(made).model_fields.keys():
            del made.__dict__[name]
        return made

    @cached_property
    def bodies(self) -> dict[str, Body]:
        """Every assignable body by id."""
        org = self.organisation
        return {b.id: b for b in (org.lead_office, *org.towns, *org.units)}

    @cached_property
    def town_ids(self) -> frozenset[str]:
        return frozenset(t.id for t in self.organisation.towns)

    @cached_property
    def classes(self) -> dict[str, FieldClass]:
        """Classes by id and, for models trained on the public names, by Chinese first-level name."""
        by_id = {c.id: c for c in self.taxonomy}
        return {c.name.zh: c for c in self.taxonomy if c.parent is None} | by_id

    @cached_property
    def gazetteer(self) -> list[tuple[str, str, str, str | None]]:
        """Names that texts may use, longest first: word, kind, proper name, its one town."""
        rows: list[tuple[str, str, str, str | None]] = [
            (w, "town", t.name.zh, t.id) for t in self.organisation.towns for w in (t.name.zh, *t.aliases)
        ]
        rows += [
            (word, place.kind, place.name, place.towns[0] if len(place.towns) == 1 else None)
            for place in self.places
            for word in (place.name, *place.aliases)
        ]
        return sorted(rows, key=lambda row: (-len(row[0]), row[0]))

    @cached_property
    def rule_index(self) -> RuleIndex:
        return RuleIndex(self.rules)

    @cached_property
    def grounds(self) -> dict[str, Ground]:
        return {g.id: g for g in self.screening.grounds}

    def first_level(self, class_id: str) -> str:
        """The first-level class above `class_id` (itself, if it is one)."""
        found = self.classes[class_id]
        while found.parent is not None:
            found = self.classes[found.parent]
        return found.id

    def hotline(self, source: str) -> Hotline | None:
        return next((h for h in self.hotlines if h.id == source), None)
