"""The real district pack, read once per session: rules are only worth testing on the data they ship with."""

from functools import cache
from pathlib import Path

from router.adapters.district_pack import DistrictPack
from router.domain.district import District

PACK = Path(__file__).parents[2] / "deploy" / "district"


@cache
def linghe() -> District:
    return DistrictPack(PACK).load()
