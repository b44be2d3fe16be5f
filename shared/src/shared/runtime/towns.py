"""The part of the district pack that every channel needs: towns, collection points and hotlines by id and name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from shared.errors import PermanentError

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, kw_only=True)
class Town:
    """A town or street (镇街)."""

    id: str
    name_zh: str
    name_en: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DistrictPlaces:
    """Loaded once at start from the pack's files."""

    name_zh: str
    name_en: str
    towns: tuple[Town, ...]
    hotlines: frozenset[str]
    collection_points: frozenset[str]

    def town(self, name: str) -> Town | None:
        """The town with this id, name or alias."""
        wanted = name.strip()
        for town in self.towns:
            if wanted in (town.id, town.name_zh, town.name_en, *town.aliases):
                return town
        return None


def load_places(pack: Path) -> DistrictPlaces:
    """Read `pack.yaml`, `organisation.yaml`, `hotlines.yaml` and `collection-points.yaml`.

    Raises:
        PermanentError: a file is missing or not of the expected form; its name is said.
    """
    head = _read(pack / "pack.yaml")
    organisation = _read(pack / "organisation.yaml")
    hotlines = _read(pack / "hotlines.yaml")
    points = _read(pack / "collection-points.yaml")
    try:
        name = head["name"]
        return DistrictPlaces(
            name_zh=name["zh"],
            name_en=name["en"],
            towns=tuple(
                Town(
                    id=town["id"],
                    name_zh=town["name"]["zh"],
                    name_en=town["name"]["en"],
                    aliases=tuple(town.get("aliases", ())),
                )
                for town in organisation["towns"]
            ),
            hotlines=frozenset(str(hotline["id"]) for hotline in hotlines),
            collection_points=frozenset(str(point["id"]) for point in points),
        )
    except (KeyError, TypeError) as error:
        raise PermanentError(f"district pack {pack}: {type(error).__name__} {error}", code="bad-pack") from None


def _read(path: Path) -> Any:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 (a safe loader)
    except (OSError, yaml.YAMLError) as error:
        raise PermanentError(f"district pack: {path.name}: {type(error).__name__}", code="bad-pack") from None
