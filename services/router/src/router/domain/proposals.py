"""What each step of routing proposes: hotline code, rules, text model, in that order."""

from collections.abc import Sequence

from router.domain import rules
from router.domain.decision import Evidence, Frozen
from router.domain.district import District
from router.domain.rules import RuleMatch
from shared.contracts.cases import Method
from shared.contracts.suggestions import Place

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


class Proposal(Frozen):
    """One step's choice of class and unit, with its confidence (0–1) and what it saw."""

    method: Method
    class_id: str
    unit: str
    co_units: tuple[str, ...]
    confidence: float
    evidence: tuple[Evidence, ...]


def propose(
    item: Item,
    matches: list[RuleMatch],
    prediction: Prediction | None,
    limit: float,
    district: District,
) -> list[Proposal]:
    """In the order of the steps; the first that is sure enough decides."""
    found: list[Proposal] = []
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


def _from_code(item: Item, matches: list[RuleMatch], district: District) -> Proposal | None:
    hotline = district.hotline(item.source) if item.source else None
    class_id = hotline.codes.get(item.category_code) if hotline and item.category_code else None
    if hotline is None or class_id is None:
        return None
    field = district.classes[class_id]
    evidence: tuple[Evidence, ...] = (Evidence(kind="hotline-code", value=f"{hotline.id}:{item.category_code}"),)
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
) -> Proposal:
    return Proposal(
        method=method,
        class_id=class_id,
        unit=unit,
        co_units=co_units,
        confidence=confidence,
        evidence=evidence,
    )
