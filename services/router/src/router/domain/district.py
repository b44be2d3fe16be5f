"""The district pack as data: who is who, what goes where, which clock runs. No names live in code."""

from collections.abc import Mapping
from functools import cached_property
from re import Pattern
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from router.domain.decision import Frozen
from router.domain.rule_table import Groups, Id, Rule, RuleIndex, Word, Words
from router.domain.working_days import WorkCalendar

NumberPrefix = Annotated[str, Field(pattern=r"^[A-Z]{1,8}$")]
Role = Literal["clerk", "handler", "supervisor", "leader"]
Nature = Literal["咨询", "求助", "投诉", "举报", "建议", "表扬"]


class Name(Frozen):
    """Simplified Chinese first, English second."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Body(Frozen):
    """Anything a case can be assigned to: the lead office, a town or street, a district unit."""

    id: Id
    name: Name
    kind: str
    aliases: Words = ()
    duties: str = Field(min_length=2)
    contact: str = Field(min_length=2)


class Organisation(Frozen):
    """The 1 + 13 + 89 of the district (other packs may have other numbers)."""

    lead_office: Body
    towns: tuple[Body, ...] = Field(min_length=1)
    units: tuple[Body, ...] = Field(min_length=1)


class Place(Frozen):
    """A named place; a road may run through several towns."""

    name: Word
    kind: Literal["road", "community", "village", "school", "landmark", "station", "river"]
    towns: tuple[Id, ...] = Field(min_length=1)
    aliases: Words = ()


class CollectionPoint(Frozen):
    """A station or direct-report point whose yield is counted."""

    id: Id
    name: Name
    place: str
    town: Id
    kind: str
    keeper: str
    language: str = "zh-CN"
    theme: str = ""


class FieldClass(Frozen):
    """A class of the taxonomy; `territorial` means: to the town named, the unit helps."""

    id: Id
    name: Name
    parent: Id | None = None
    unit: Id
    co_units: tuple[Id, ...] = ()
    territorial: bool = False


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
