"""Routing (研): hotline code, then rules, then the text model, then a person. Pure and replayable."""

from collections.abc import Sequence

from router.domain import rules
from router.domain.decision import (
    Alternative,
    Assign,
    Decision,
    Decline,
    Evidence,
    Frozen,
    Review,
    Versions,
)
from router.domain.district import District
from router.domain.places import PlaceMatch, locate, town_of
from router.domain.rules import RuleMatch, match_rules
from router.domain.screening import Screening, screen
from shared.contracts.cases import Method
from shared.contracts.suggestions import Place

ACTOR = "router"
Prediction = Sequence[tuple[str, float]]
"""(class id or public first-level name, confidence 0–1), best first."""


class Item(Frozen):
    """What a decision may look at; `text` is normalised (`normalising.normalise`)."""

    text: str
    channel: str = "web"
    place: Place | None = None
    source: str | None = None
    category_code: str | None = None
    nature: str | None = None
    transcript_verdict: str | None = None


class _Proposal(Frozen):
    method: Method
    class_id: str
    unit: str
    co_units: tuple[str, ...]
    confidence: float
    evidence: tuple[Evidence, ...]


def needs_model(item: Item, district: District) -> bool:
    """False where code, rules or screening settle it, so that nothing waits for the model."""
    outcome = decide(item, district).outcome
    return isinstance(outcome, Review) and bool({"no-match", "rules-unsure"} & set(outcome.reasons))


def decide(
    item: Item,
    district: District,
    prediction: Prediction | None = None,
    *,
    threshold: float | None = None,
    model_version: str | None = None,
) -> Decision:
    """The whole decision. `threshold` is the model's calibrated one, else the pack's."""
    versions = Versions(pack=district.version, rules=district.rules_version, model=model_version)
    nature = _nature(item, district)
    screening = screen(
        item.text,
        nature=nature,
        transcript_verdict=item.transcript_verdict,
        channel=item.channel,
        district=district,
    )
    if screening.outcome == "decline":
        return _declined(screening, district, versions)
    places = locate(item.text, item.place, district)
    town = town_of(places)
    matches = match_rules(
        item.text, district, channel=item.channel, towns=frozenset(p.town for p in places if p.town)
    )
    limit = district.thresholds.model if threshold is None else threshold
    proposals = _proposals(item, matches, prediction, limit, district)
    best = next((p for p in proposals if p.confidence >= _limit(p, limit, district)), None)
    reasons = screening.reasons if screening.outcome == "review" else _unsure(best, matches, prediction)
    where = tuple(Evidence(kind=f"place-{p.kind}", value=p.evidence) for p in places)
    if reasons or best is None:
        return Decision(
            method="person",
            actor=ACTOR,
            evidence=screening.evidence + tuple(e for p in proposals[:2] for e in p.evidence) + where,
            alternatives=_alternatives(proposals, None, town, district),
            confidence=proposals[0].confidence if proposals else 0.0,
            versions=versions,
            emergency=screening.emergency,
            outcome=Review(reasons=reasons),
        )
    return Decision(
        method=best.method,
        actor=ACTOR,
        evidence=best.evidence + where,
        alternatives=_alternatives(proposals, best, town, district),
        confidence=best.confidence,
        versions=versions,
        outcome=_assign(best, matches, town, district),
    )


def _nature(item: Item, district: District) -> str | None:
    hotline = district.hotline(item.source) if item.source else None
    return hotline.natures.get(item.nature, item.nature) if hotline and item.nature else item.nature


def _declined(screening: Screening, district: District, versions: Versions) -> Decision:
    ground = district.grounds[screening.ground or "R12"]
    return Decision(
        method="rule",
        actor=ACTOR,
        evidence=screening.evidence,
        confidence=0.95,
        versions=versions,
        emergency=screening.emergency,
        outcome=Decline(ground=ground.id, redirect=ground.redirect.zh, redirect_en=ground.redirect.en),
    )


def _proposals(
    item: Item,
    matches: list[RuleMatch],
    prediction: Prediction | None,
    limit: float,
    district: District,
) -> list[_Proposal]:
    """In the order of the steps; the first that is sure enough decides."""
    found: list[_Proposal] = []
    code = _from_code(item, matches, district)
    if code:
        found.append(code)
    guesses = [(district.classes[c], round(p, 4)) for c, p in prediction or () if c in district.classes]
    top = district.first_level(guesses[0][0].id) if guesses else None
    if matches:
        # A model that sees the same field settles a tie between rules; it never overrules a sure one.
        order = matches
        sure = rules.confidence(matches[0], matches[1:], item.text)
        if sure < district.thresholds.rule and top:
            order = sorted(matches, key=lambda m: district.first_level(m.class_id) != top)
        for index, match in enumerate(order):
            rest = [m for m in order if m is not match]
            confidence = rules.confidence(match, rest, item.text)
            agreed = top == district.first_level(match.class_id)
            evidence = _rule_evidence(match)
            if index == 0 and agreed and confidence < district.thresholds.rule and guesses[0][1] >= limit:
                confidence = max(confidence, guesses[0][1])
                evidence += (Evidence(kind="model-class", value=guesses[0][0].id, weight=guesses[0][1]),)
            found.append(_proposal("rule", match.class_id, match.unit, match.co_units, confidence, evidence))
    for field, confidence in guesses[:4]:
        seen = (Evidence(kind="model-class", value=field.id, weight=confidence),)
        found.append(_proposal("model", field.id, field.unit, field.co_units, confidence, seen))
    return found


def _from_code(item: Item, matches: list[RuleMatch], district: District) -> _Proposal | None:
    hotline = district.hotline(item.source) if item.source else None
    class_id = hotline.codes.get(item.category_code) if hotline and item.category_code else None
    if hotline is None or class_id is None:
        return None
    field = district.classes[class_id]
    evidence: tuple[Evidence, ...] = (
        Evidence(kind="hotline-code", value=f"{hotline.id}:{item.category_code}"),
    )
    unit, co_units, confidence = field.unit, field.co_units, 0.95
    same = [m for m in matches if district.first_level(m.class_id) == district.first_level(class_id)]
    if same and field.parent is None:
        # A code of the first level only names the field; a rule within it names the unit.
        class_id, unit, co_units = same[0].class_id, same[0].unit, same[0].co_units
        evidence += _rule_evidence(same[0])
    elif matches and not same:
        confidence = 0.85
    return _proposal("hotline-code", class_id, unit, co_units, confidence, evidence)


def _rule_evidence(match: RuleMatch) -> tuple[Evidence, ...]:
    words = tuple(Evidence(kind="word", value=w, weight=float(len(w))) for w in match.words)
    return (Evidence(kind="rule", value=match.rule_id, weight=match.weight), *words)


def _proposal(
    method: Method,
    class_id: str,
    unit: str,
    co_units: tuple[str, ...],
    confidence: float,
    evidence: tuple[Evidence, ...],
) -> _Proposal:
    return _Proposal(
        method=method,
        class_id=class_id,
        unit=unit,
        co_units=co_units,
        confidence=confidence,
        evidence=evidence,
    )


def _limit(proposal: _Proposal, model: float, district: District) -> float:
    return model if proposal.method == "model" else district.thresholds.rule


def _unsure(
    best: _Proposal | None, matches: list[RuleMatch], prediction: Prediction | None
) -> tuple[str, ...]:
    if best is not None:
        return ()
    if prediction:
        return ("low-confidence",)
    return ("rules-unsure",) if matches else ("no-match",)


def _assign(best: _Proposal, matches: list[RuleMatch], town: str | None, district: District) -> Assign:
    unit, co_units = best.unit, list(best.co_units)
    # A second subject that weighs nearly as much belongs to its own unit too, as co-handler.
    weight = max((m.weight for m in matches if m.unit == best.unit), default=0.0)
    co_units += [m.unit for m in matches if best.method == "rule" and m.weight >= 0.6 * weight]
    if town and district.classes[best.class_id].territorial:
        co_units.insert(0, unit)
        unit = town
    unique = tuple(u for u in dict.fromkeys(co_units) if u != unit)[:4]
    return Assign(unit=unit, co_units=unique, class_id=best.class_id, town=town)


def _alternatives(
    proposals: list[_Proposal], best: _Proposal | None, town: str | None, district: District
) -> tuple[Alternative, ...]:
    rows: dict[tuple[str, str], Alternative] = {}
    for p in proposals:
        if best is not None and p.unit == best.unit:
            continue
        reason = "；".join(f"{e.kind}:{e.value}" for e in p.evidence[:3])
        row = Alternative(unit=p.unit, class_id=p.class_id, confidence=p.confidence, reason=reason)
        rows.setdefault((p.unit, p.class_id), row)
    if not rows and best is None:
        row = Alternative(unit=district.fallback_unit, class_id="", confidence=0.0, reason="fallback")
        return (row,)
    return tuple(sorted(rows.values(), key=lambda a: (-a.confidence, a.unit))[:4])


__all__ = ["ACTOR", "Item", "PlaceMatch", "Prediction", "decide", "needs_model"]
