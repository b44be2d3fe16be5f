"""Where a suggestion is about: the town, road or point that its form and its words name."""

import re
from typing import Literal

from router.domain.decision import Frozen
from router.domain.district import District
from shared.contracts.suggestions import Place

_SUFFIX = "大道|大街|路|街|巷|村|花园|公园|广场"
_UNLISTED = re.compile(rf"[\u4e00-\u9fff]{{2,3}}(?:{_SUFFIX})(?![口灯面边线过费由程桥段况道委民里人])")
_LEADING = re.compile(r"^(?:在|到|从|和|是|把|我们|我|对|建议|希望|请|给|的|附近|位于|关于|住|去|经过|沿着|沿)+")
# Function words, and what turns 路 into an ordinary noun (公路, 思路, 必经之路), never stand in a name.
_NOT_IN_NAME = re.compile(r"[的了是在有和到从把被很就都要不没会能请我你他们这那每各几条修走过根据全某该本乡农住宅旧个]")
_NOT_A_NAME = re.compile(
    rf"(?:马|公|道|铁|之|水泥|快速|泥巴|活|绕|贫困|步行|高速|网|线|思|出|套|[一二三四五六七八九十]|老|新|大|小|城|区|镇)(?:{_SUFFIX})$"
)


class PlaceMatch(Frozen):
    """One place: `evidence` are the words that named it; `town` is None where it may lie in several."""

    kind: Literal["town", "road", "community", "village", "school", "landmark", "station", "river", "point"]
    name: str
    town: str | None
    source: Literal["form", "text"]
    evidence: str


def locate(text: str, place: Place | None, district: District) -> list[PlaceMatch]:
    """Form first, then the text from left to right, longest names first; each place once."""
    found = _from_form(place, district) if place else []
    found += _from_text(text, district, "text")
    unique: dict[tuple[str, str], PlaceMatch] = {}
    for match in found:
        unique.setdefault((match.kind, match.name), match)
    return list(unique.values())


def town_of(matches: list[PlaceMatch]) -> str | None:
    """The one town that form or text name; None when they name none or several."""
    form = {m.town for m in matches if m.source == "form" and m.town}
    named = {m.town for m in matches if m.kind == "town" and m.town}
    implied = {m.town for m in matches if m.town}
    for towns in (form, named, implied):
        if towns:
            return towns.pop() if len(towns) == 1 else None
    return None


def _from_form(place: Place, district: District) -> list[PlaceMatch]:
    found: list[PlaceMatch] = []
    if place.town:
        for town in district.organisation.towns:
            if place.town in (town.id, town.name.zh, town.name.en, *town.aliases):
                found.append(_match("town", town.name.zh, town.id, "form", place.town))
    if place.text:
        found += _from_text(place.text, district, "form")
    if place.lon is not None and place.lat is not None:
        value = f"{place.lon:.6f},{place.lat:.6f}"
        found.append(_match("point", value, None, "form", f"{place.crs or 'WGS-84'} {value}"))
    return found


def _from_text(text: str, district: District, source: Literal["form", "text"]) -> list[PlaceMatch]:
    hits: list[tuple[int, PlaceMatch]] = []
    taken = [False] * len(text)
    for word, kind, name, town in district.gazetteer:
        start = text.find(word)
        while start >= 0:
            end = start + len(word)
            if not any(taken[start:end]):
                taken[start:end] = [True] * len(word)
                hits.append((start, _match(kind, name, town, source, word)))
            start = text.find(word, end)
    for found in _UNLISTED.finditer(text):
        name = _LEADING.sub("", found.group())
        if not any(taken[found.start() : found.end()]) and _is_name(name):
            kind = "village" if name.endswith("村") else "road" if name[-1] in "道街路巷" else "landmark"
            hits.append((found.start(), _match(kind, name, None, source, name)))
    return [match for _, match in sorted(hits, key=lambda hit: hit[0])]


def _is_name(name: str) -> bool:
    return len(name) > 2 and not _NOT_IN_NAME.search(name) and not _NOT_A_NAME.search(name)


def _match(kind: str, name: str, town: str | None, source: str, evidence: str) -> PlaceMatch:
    return PlaceMatch.model_validate({"kind": kind, "name": name, "town": town, "source": source, "evidence": evidence})
