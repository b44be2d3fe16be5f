"""Routing (研): hotline code, then rules, then the text model, then a person. Pure and replayable."""

from router.domain.decision import (
    Alternative,
    Assign,
    Decision,
    Decline,
    Evidence,
    Review,
    Versions,
)
from router.domain.district import District
from router.domain.places import locate, town_of
from router.domain.proposals import Item, Prediction, Proposal, propose
from router.domain.rules import RuleMatch, match_rules
from router.domain.screening import Screening, screen

ACTOR = "router"


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
    matches = match_rules(item.text, district, channel=item.channel, towns=frozenset(p.town for p in places if p.town))
    limit = district.thresholds.model if threshold is None else threshold
    proposals = propose(item, matches, prediction, limit, district)
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


def _limit(proposal: Proposal, model: float, district: District) -> float:
    return model if proposal.method == "model" else district.thresholds.rule


def _unsure(best: Proposal | None, matches: list[RuleMatch], prediction: Prediction | None) -> tuple[str, ...]:
    if best is not None:
        return ()
    if prediction:
        return ("low-confidence",)
    return ("rules-unsure",) if matches else ("no-match",)


def _assign(best: Proposal, matches: list[RuleMatch], town: str | None, district: District) -> Assign:
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
    proposals: list[Proposal], best: Proposal | None, town: str | None, district: District
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


__all__ = ["ACTOR", "Item", "Prediction", "decide", "needs_model"]
