"""How a case begins, and how its text may still change: the machine's side of casework. Pure."""

from __future__ import annotations

import hashlib
from datetime import datetime

from router.domain.case import Action, Case, Correction
from router.domain.decision import Assign, Decision, Decline, to_contract
from router.domain.district import Account, District
from router.domain.steps import MACHINE, WAITS_NOT, Act, Step, ask_person, assign, common, decline, name_of, step
from shared.contracts import cases
from shared.contracts.suggestions import TEXT_MAX, SuggestionCorrected, SuggestionSubmitted
from shared.errors import InvalidInput

RESIDENT = "resident"


def opened(
    said: SuggestionSubmitted, *, event_id: str, decision: Decision, number: str, district: District, now: datetime
) -> Step:
    """A suggestion becomes a case: assigned, declined, or waiting for a person."""
    contract = _contract(decision, district)
    blank = Case(
        suggestion_id=said.suggestion_id,
        number=number,
        state="in-review",
        version=0,
        suggestion=said,
        opened_at=now,
        decision=contract,
        processed=[event_id],
        follow_key=said.suggestion_id,
    )
    return _decided(blank, decision, contract, "opened", district, now)


def corrected(
    case: Case,
    data: SuggestionCorrected,
    *,
    event_id: str,
    decision: Decision | None,
    district: District,
    now: datetime,
) -> Step:
    """A person confirmed or mended the transcript; `decision` is the new one where the case still waits."""
    correction = Correction(text=data.text, confirmed=data.confirmed, by=data.by, at=data.corrected_at)
    known = case.model_copy(update={"correction": correction, "processed": [*case.processed, event_id]})
    if case.joined is None:  # what a machine heard is not compared; what a person stands for is
        known = known.model_copy(update={"follow_key": case.suggestion_id})
    if decision is None or case.state != "in-review":
        return step(known, Act(actor=data.by, action="corrected", now=now))
    return _decided(known, decision, _contract(decision, district), "reconsidered", district, now)


def corrected_at_desk(
    case: Case, *, text: str, by: Account, decision: Decision | None, district: District, now: datetime
) -> Step:
    """A clerk heard the recording and stands for `text` (unchanged: confirms it), as `corrected` for a resident.

    Raises:
        InvalidInput: nothing was spoken, the text is blank or too long, or the resident has spoken already.
    """
    require_open_to_clerk(case)
    if not text.strip():
        raise InvalidInput("Please write what is said: the text is empty.", code="blank", pointer="/text")
    if len(text) > TEXT_MAX:
        raise InvalidInput("Too long: at most 20000 characters.", code="string_too_long", pointer="/text")
    told = SuggestionCorrected(
        suggestion_id=case.suggestion_id,
        text=text,
        confirmed=text == case.text,
        by="clerk",
        actor=by.id,
        corrected_at=now,
    )
    correction = Correction(text=text, confirmed=told.confirmed, by="clerk", at=now)
    known = case.model_copy(update={"correction": correction, "processed": [*case.processed, mark_of(told)]})
    if case.joined is None:
        known = known.model_copy(update={"follow_key": case.suggestion_id})
    act = Act(actor=by.id, action="confirmed" if told.confirmed else "corrected", now=now)
    first = step(known, act, [told])
    if decision is None or case.state != "in-review":
        return first
    after = _decided(first.case, decision, _contract(decision, district), "reconsidered", district, now)
    return Step(case=after.case, events=(*first.events, *after.events))


def require_open_to_clerk(case: Case) -> None:
    """InvalidInput where a clerk may not put words into this case."""
    if case.suggestion.transcript is None:
        raise InvalidInput("Nothing was spoken in this case.", code="no-transcript")
    if case.correction is not None and case.correction.by == RESIDENT:
        raise InvalidInput("The resident has confirmed or corrected the text; that stands.", code="residents-word")
    if case.state in ("resolved", "withdrawn"):
        raise InvalidInput("This is not possible in the case's present state.", code="wrong-state")


def mark_of(data: SuggestionCorrected) -> str:
    """Names a correction by what it says, so that the desk's own is known when it comes round on the topic."""
    return f"correction:{hashlib.sha256(data.model_dump_json().encode()).hexdigest()[:32]}"


def withdrawn(case: Case, *, event_id: str, reason: str | None, now: datetime) -> Step:
    """The resident takes it back: closed where no unit works on it yet, else only noted."""
    known = case.model_copy(update={"processed": [*case.processed, event_id]})
    act = Act(actor=RESIDENT, action="withdrawn", now=now, reason=reason)
    if case.state != "in-review":
        return step(known, act)
    event = cases.CaseClosed(**common(case, now), end_state="withdrawn")
    return step(known, act, [event], state="withdrawn", **WAITS_NOT)


def _decided(
    case: Case, decision: Decision, contract: cases.Decision, action: Action, district: District, now: datetime
) -> Step:
    outcome = decision.outcome
    case = case.model_copy(update={"emergency": decision.emergency})
    act = Act(actor=MACHINE, action=action, now=now)
    if isinstance(outcome, Assign):
        return assign(case, outcome, contract, act, district)
    if isinstance(outcome, Decline):
        return decline(case, outcome.ground, outcome.redirect, contract, act)
    return ask_person(case, outcome.reasons, contract, act)


def _contract(decision: Decision, district: District) -> cases.Decision:
    return to_contract(decision, lambda unit: name_of(unit, district))
