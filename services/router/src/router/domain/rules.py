"""The routing table: words that settle where a suggestion goes, each naming why it fired."""

from router.domain.decision import Frozen
from router.domain.district import District
from router.domain.rule_table import Rule

_LEAD = 40  # the first characters say what a text is about; words there count double
_LONG = 120  # in a longer text a mention outside the lead is passing, and weak evidence
_SHORT = 25  # a text so short says one thing: a single word settles it


class RuleMatch(Frozen):
    """A rule that fired: the words it saw and their weight (their length, doubled in the lead)."""

    rule_id: str
    class_id: str
    unit: str
    co_units: tuple[str, ...]
    priority: int
    base: float
    words: tuple[str, ...]
    weight: float


def match_rules(
    text: str, district: District, *, channel: str | None = None, towns: frozenset[str] = frozenset()
) -> list[RuleMatch]:
    """All rules that fire on a normalised text, strongest first (priority, weight, id)."""
    candidates = district.rule_index.candidates(text)
    found = [m for rule in candidates if (m := _fire(rule, text, channel, towns)) is not None]
    return sorted(found, key=lambda m: (-m.priority, -m.weight, m.rule_id))


def confidence(best: RuleMatch, others: list[RuleMatch], text: str) -> float:
    """How sure the best match is (0–1), less where rivals of like strength name another unit."""
    rivals = [
        m for m in others if m.unit != best.unit and m.unit not in best.co_units and best.priority - m.priority < 10
    ]
    share = 1.0
    if rivals:
        rival = max(m.weight for m in rivals)
        share = best.weight / (best.weight + rival)
    certainty = 0.5 + 0.5 * min(1.0, max(0.0, (share - 0.5) / 0.14))
    passing = len(text) > _LONG and not any(w in text[:_LEAD] for w in best.words)
    # One word of two characters (学校, 物业) turns up in texts about anything; a second word makes sure.
    slight = len(text) > _SHORT and len(best.words) == 1 and len(best.words[0]) <= 2
    return round(best.base * certainty * (0.7 if passing else 0.75 if slight else 1.0), 4)


def _fire(rule: Rule, text: str, channel: str | None, towns: frozenset[str]) -> RuleMatch | None:
    if rule.channels and channel not in rule.channels:
        return None
    if rule.towns and not towns.intersection(rule.towns):
        return None
    words = [word for word in rule.any_of if word in text]
    if rule.any_of and not words:
        return None
    if any(word in text for word in rule.none_of):
        return None
    for group in rule.all_of:
        hits = [word for word in group if word in text]
        if not hits:
            return None
        words += hits
    distinct = tuple(w for w in dict.fromkeys(words) if not any(w != v and w in v for v in words))
    weight = sum(len(w) * (2 if w in text[:_LEAD] else 1) for w in distinct)
    return RuleMatch(
        rule_id=rule.id,
        class_id=rule.class_id,
        unit=rule.unit,
        co_units=rule.co_units,
        priority=rule.priority,
        base=rule.confidence,
        words=distinct,
        weight=float(weight),
    )
