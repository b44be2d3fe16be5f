"""What the parts of a pack owe each other: every id that is named must exist, every example must hold."""

from collections.abc import Iterable, Iterator

from router.domain.decision import Frozen
from router.domain.district import District
from router.domain.normalising import normalise
from router.domain.rules import match_rules


class Problem(Frozen):
    """One fault of a pack, with the file and the field that hold it."""

    file: str
    field: str
    message: str


def check(district: District) -> list[Problem]:
    """Everything wrong between the files; an empty list means the pack may be used."""
    return [*_duplicates(district), *_references(district), *_examples(district)]


def _duplicates(district: District) -> Iterator[Problem]:
    org = district.organisation
    kinds: list[tuple[str, Iterable[str]]] = [
        ("organisation.yaml", (b.id for b in (org.lead_office, *org.towns, *org.units))),
        ("taxonomy.yaml", (c.id for c in district.taxonomy)),
        ("routing.yaml", (r.id for r in district.rules)),
        ("collection-points.yaml", (p.id for p in district.collection_points)),
        ("hotlines.yaml", (h.id for h in district.hotlines)),
        ("accounts.yaml", (a.id for a in district.accounts)),
        ("screening.yaml", (g.id for g in district.screening.grounds)),
    ]
    for file, ids in kinds:
        seen: set[str] = set()
        for one in ids:
            if one in seen:
                yield Problem(file=file, field="id", message=f"'{one}' is used twice")
            seen.add(one)


def _references(district: District) -> Iterator[Problem]:
    bodies, classes, towns = district.bodies, district.classes, district.town_ids
    named: list[tuple[str, str, str, Iterable[str]]] = [
        ("pack.yaml", "fallback_unit", "body", [district.fallback_unit]),
        ("clock.yaml", "key_classes", "class", district.clock.key_classes),
    ]
    for c in district.taxonomy:
        named += [
            ("taxonomy.yaml", f"{c.id}.unit", "body", [c.unit, *c.co_units]),
            ("taxonomy.yaml", f"{c.id}.parent", "class", [c.parent] if c.parent else []),
        ]
    for r in district.rules:
        named += [
            ("routing.yaml", f"{r.id}.unit", "body", [r.unit, *r.co_units]),
            ("routing.yaml", f"{r.id}.class", "class", [r.class_id]),
            ("routing.yaml", f"{r.id}.towns", "town", r.towns),
        ]
    named += [("places.yaml", f"{p.name}.towns", "town", p.towns) for p in district.places]
    points = district.collection_points
    named += [("collection-points.yaml", f"{p.id}.town", "town", [p.town]) for p in points]
    named += [("hotlines.yaml", f"{h.id}.codes", "class", h.codes.values()) for h in district.hotlines]
    named += [("accounts.yaml", f"{a.id}.unit", "body", [a.unit]) for a in district.accounts]
    named += [("examples", e.text[:12], "class", [e.class_id]) for e in district.examples]
    named += [
        ("screening.yaml", f"not_suggestions.{nature}", "ground", [ground])
        for nature, ground in district.screening.not_suggestions.items()
    ]
    known = {"body": bodies.keys(), "class": classes.keys(), "town": towns, "ground": district.grounds.keys()}
    for file, field, kind, ids in named:
        for one in ids:
            if one not in known[kind]:
                yield Problem(file=file, field=field, message=f"no such {kind}: '{one}'")


def _examples(district: District) -> Iterator[Problem]:
    for r in district.rules:
        if not r.any_of and not r.all_of:
            yield Problem(file="routing.yaml", field=r.id, message="needs words under any or all")
            continue
        for index, example in enumerate(r.examples):
            channel = r.channels[0] if r.channels else None
            matches = match_rules(normalise(example), district, channel=channel, towns=frozenset(r.towns))
            first = matches[0].rule_id if matches else "no rule"
            if first != r.id:
                message = f"the example is taken by '{first}': {example}"
                yield Problem(file="routing.yaml", field=f"{r.id}.examples.{index}", message=message)
