"""The district pack as intake needs it."""

from __future__ import annotations

from collections.abc import Iterable

from shared.runtime.towns import DistrictPlaces


class PackPlaces:
    """Towns, collection points, and the hotlines of the pack together with those that hold an HTTP token."""

    def __init__(self, pack: DistrictPlaces, token_names: Iterable[str]) -> None:
        self.pack = pack
        self._sources = pack.hotlines | frozenset(token_names)

    def town_id(self, name: str) -> str | None:
        town = self.pack.town(name)
        return town.id if town is not None else None

    @property
    def sources(self) -> frozenset[str]:
        return self._sources

    @property
    def collection_points(self) -> frozenset[str]:
        return self.pack.collection_points
