"""Who is who in a district, and where: its bodies, named places and collection points."""

from typing import Literal

from pydantic import Field

from router.domain.decision import Frozen
from router.domain.rule_table import Id, Word, Words


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
