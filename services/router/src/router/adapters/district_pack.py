"""Reads a district pack from its folder of YAML files and refuses one that does not hold together."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from router.adapters.holidays import work_calendar
from router.domain.decision import Frozen
from router.domain.district import Account, Clock, District, Example, FieldClass, Hotline, NumberPrefix, Thresholds
from router.domain.organisation import CollectionPoint, Name, Organisation, Place
from router.domain.pack_check import check
from router.domain.rule_table import Id, Rule
from router.domain.screening_words import ScreeningWords
from shared.errors import PermanentError

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class PackError(PermanentError):
    """The pack can't be used; the message names file and field of each fault."""

    code = "invalid-pack"


class _Head(Frozen):
    id: Id
    version: str
    name: Name
    number_prefix: NumberPrefix = "JY"
    fallback_unit: Id
    thresholds: Thresholds


class _Calendar(Frozen):
    published: tuple[int, ...] = ()
    holidays: dict[date, str] = Field(default_factory=dict)
    make_up: dict[date, str] = Field(default_factory=dict)


class _ClockFile(Clock):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    calendar: _Calendar = _Calendar()


class DistrictPack:
    """A folder with the files that `deploy/district/README.md` describes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self) -> District:
        """The validated pack; raises PackError naming every fault it finds in a file, or between files."""
        head = self._read("pack.yaml", _Head)
        clock = self._read("clock.yaml", _ClockFile)
        given = clock.calendar
        district = District(
            id=head.id,
            name=head.name,
            version=f"{head.version}+{self._digest(None)}",
            rules_version=self._digest(("routing.yaml", "screening.yaml")),
            number_prefix=head.number_prefix,
            fallback_unit=head.fallback_unit,
            thresholds=head.thresholds,
            organisation=self._read("organisation.yaml", Organisation),
            places=self._read("places.yaml", tuple[Place, ...]),
            collection_points=self._read("collection-points.yaml", tuple[CollectionPoint, ...]),
            taxonomy=self._read("taxonomy.yaml", tuple[FieldClass, ...]),
            rules=self._read("routing.yaml", tuple[Rule, ...]),
            screening=self._read("screening.yaml", ScreeningWords),
            clock=Clock.model_validate(clock.model_dump(exclude={"calendar"})),
            hotlines=self._read("hotlines.yaml", tuple[Hotline, ...]),
            accounts=self._read("accounts.yaml", tuple[Account, ...]),
            examples=self._examples(),
            calendar=work_calendar(given.holidays, given.make_up, frozenset(given.published)),
        )
        problems = check(district)
        if problems:
            raise PackError("\n".join(f"{p.file}: {p.field}: {p.message}" for p in problems[:50]))
        return district

    def _examples(self) -> tuple[Example, ...]:
        files = sorted((self.folder / "examples").glob("*.yaml"))
        return tuple(e for f in files for e in self._read(f.relative_to(self.folder).as_posix(), tuple[Example, ...]))

    def _read(self, name: str, kind: Any) -> Any:
        path = self.folder / name
        try:
            raw = yaml.load(path.read_text("utf-8"), Loader=_LOADER)  # noqa: S506 (a safe loader)
        except FileNotFoundError as error:
            raise PackError(f"{name}: file is missing") from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise PackError(f"{name}: not readable YAML: {error}") from error
        try:
            return TypeAdapter(kind).validate_python(raw if raw is not None else [])
        except ValidationError as error:
            faults = [f"{name}: {_field(raw, e['loc'])}: {e['msg']}" for e in error.errors()[:50]]
            raise PackError("\n".join(faults)) from error

    def _digest(self, names: tuple[str, ...] | None) -> str:
        files = [self.folder / n for n in names] if names else sorted(self.folder.rglob("*.yaml"))
        digest = hashlib.sha256()
        for path in files:
            if path.is_file():
                digest.update(path.relative_to(self.folder).as_posix().encode() + b"\0")
                digest.update(path.read_bytes() + b"\0")
        return digest.hexdigest()[:8]


def _field(raw: Any, location: tuple[int | str, ...]) -> str:
    """The path with ids instead of positions where a list entry has one: `units.jiaoyu.name.zh`."""
    parts: list[str] = []
    for step in location:
        try:
            raw = raw[step]
        except (KeyError, IndexError, TypeError):
            raw = None
        named = isinstance(step, int) and isinstance(raw, dict) and isinstance(raw.get("id"), str)
        parts.append(str(raw["id"]) if named else str(step))
    return ".".join(parts) or "(whole file)"
