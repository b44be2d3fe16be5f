"""Screening (筛): what is not for this desk, and what cannot wait for it.

A machine's transcript alone never declines anything; whatever is not certain goes to a person.
"""

import re
from typing import Literal

from router.domain.decision import Evidence, Frozen
from router.domain.district import District
from router.domain.normalising import clauses, sentences
from router.domain.screening_words import Ground

_HAN = re.compile(r"[\u3400-\u9fff]")
_LETTERS = re.compile(r"[a-z]{2,}")
# Whoever is in danger writes little; a long story that mentions danger, or a ground, is for a person to read.
_SHORT_CALL = 120
_SHORT_TEXT = 200


class Screening(Frozen):
    """`decline` carries a ground, `review` its reasons; `emergency` the numbers to call, if any."""

    outcome: Literal["proceed", "decline", "review"]
    ground: str | None = None
    reasons: tuple[str, ...] = ()
    flag_emergency: bool = False
    emergency: str | None = None
    evidence: tuple[Evidence, ...] = ()


def screen(
    text: str,
    *,
    nature: str | None,
    transcript_verdict: str | None,
    channel: str,
    district: District,
) -> Screening:
    """Screens a normalised text; `nature` is one of the six natures or None where nobody said."""
    spoken = transcript_verdict is not None
    certain_danger, danger = _danger(text, district)
    asks = [word for word in district.screening.suggestion_markers if word in text]
    pointer = _pointer(danger, district) if danger else None
    seen = tuple(Evidence(kind="emergency-word", value=w) for w in danger)

    def review(*reasons: str, evidence: tuple[Evidence, ...] = ()) -> Screening:
        return Screening(
            outcome="review",
            reasons=reasons,
            flag_emergency=bool(danger),
            emergency=pointer,
            evidence=seen + evidence,
        )

    if transcript_verdict in ("no-speech", "unusable"):
        return review(f"transcript-{transcript_verdict}")
    if danger:
        if spoken or asks or not certain_danger or len(text) > _SHORT_CALL:
            return review("possible-emergency")
        return Screening(outcome="decline", ground="R01", flag_emergency=True, emergency=pointer, evidence=seen)
    if transcript_verdict == "doubtful":
        return review("transcript-doubtful")
    found = _empty(text, district) or _grounds(text, bool(asks), district)
    found = found or _not_a_suggestion(text, nature, bool(asks), district)
    if found is None:
        return Screening(outcome="proceed")
    certain, ground, reason, why = found
    if certain and not spoken and (len(text) <= _SHORT_TEXT or ground in ("R11", "R14")):
        return Screening(outcome="decline", ground=ground, evidence=why)
    return review(reason, evidence=why)


Found = tuple[bool, str, str, tuple[Evidence, ...]]  # certain, ground, reason for review, evidence


def _danger(text: str, district: District) -> tuple[bool, list[str]]:
    words = district.screening.emergency
    certain: list[str] = []
    possible: list[str] = []
    for sentence in sentences(text):
        if any(topic in sentence for topic in words.topics):
            continue
        urgent = any(now in sentence for now in words.now)
        for clause in clauses(sentence):
            if any(guard in clause for guard in words.guards):
                continue
            certain += [w for w in words.immediate if w in clause]
            if urgent:
                possible += [w for w in words.possible if w in clause]
    return bool(certain), list(dict.fromkeys(certain + possible))


def _pointer(danger: list[str], district: District) -> str:
    emergency = district.screening.emergency
    numbers = [n for n, words in emergency.pointers if any(w in hit for w in words for hit in danger)]
    return "、".join(numbers) or emergency.default_pointer


def _empty(text: str, district: District) -> Found | None:
    bare = re.sub(r"[\W_\d]+", "", text)
    if not _HAN.search(bare) and not _LETTERS.search(bare):
        return True, "R14", "empty", (Evidence(kind="empty", value=text[:20]),)
    if bare in district.screening.test_texts or len(set(bare)) == 1:
        return True, "R14", "empty", (Evidence(kind="test-text", value=bare[:20]),)
    if len(bare) < 4:
        return False, "R12", "unclear", (Evidence(kind="length", value=str(len(bare))),)
    return None


def _not_a_suggestion(text: str, nature: str | None, asks: bool, district: District) -> Found | None:
    if asks or nature == "建议":
        return None
    # Any word may come; only natures are keys.
    ground = district.screening.not_suggestions.get(nature) if nature else None  # type: ignore[call-overload]
    if ground is not None:
        return True, ground, "not-a-suggestion", (Evidence(kind="nature", value=str(nature)),)
    enquiry = [w for w in district.screening.enquiry_markers if w in text]
    if enquiry and nature is None:
        return False, "R07", "enquiry", (Evidence(kind="enquiry-word", value=enquiry[0]),)
    return None


def _grounds(text: str, asks: bool, district: District) -> Found | None:
    signals = [hit.group() for p in district.screening.advertising_patterns if (hit := p.search(text))]
    if len(signals) >= 2:
        why = tuple(Evidence(kind="advertising", value=s[:30]) for s in signals)
        return len(signals) >= 3 or not asks, "R11", "ground-R11", why
    for ground in district.screening.grounds:
        named = _ground(text, ground)
        if named is not None:
            certain, words = named
            why = tuple(Evidence(kind=f"ground-{ground.id}", value=w) for w in words)
            return certain and not asks, ground.id, f"ground-{ground.id}", why
    return None


def _ground(text: str, ground: Ground) -> tuple[bool, list[str]] | None:
    for groups in ground.certain:
        hits = [next((w for w in group if w in text), None) for group in groups]
        if hits and None not in hits:
            return True, [w for w in hits if w is not None]
    hint = next((w for w in ground.hints if w in text), None)
    return None if hint is None else (False, [hint])
