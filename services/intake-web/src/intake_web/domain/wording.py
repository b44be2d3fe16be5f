"""The sentences of a timeline. Message ids are English; `translate` puts them into the reader's language."""

from __future__ import annotations

from collections.abc import Callable

from intake_web.domain.timeline import Step

Translate = Callable[[str], str]


def _(message: str) -> str:
    """Marks a message for extraction; it is translated when it is read."""
    return message


STATES = {
    "received": _("Received"),
    "transcribing": _("Being transcribed"),
    "in-review": _("With a member of staff"),
    "accepted": _("Accepted"),
    "assigned": _("Assigned to a unit"),
    "signed": _("Signed for by the unit"),
    "handling": _("Being worked on"),
    "asked-resident": _("A question for you"),
    "declined": _("Not accepted"),
    "merged": _("Handled together with another"),
    "resolved": _("Answered"),
    "withdrawn": _("Withdrawn"),
    "closed": _("Closed"),
}
STEPS = {
    "case.review-requested.v1": _("A member of staff reads your suggestion and decides where it goes."),
    "case.accepted.v1": _("Your suggestion was accepted under the number {number}."),
    "case.assigned.v1": _("It was passed to {unit}, who are to answer by {date}."),
    "case.declined.v1": _("It can't be handled as a suggestion ({ground}). {redirect}"),
    "case.signed.v1": _("{unit} has signed for it."),
    "case.returned.v1": _("It was sent back to be passed to the right unit."),
    "case.question-asked.v1": _("The unit asks: {question}"),
    "case.progressed.v1": _("Progress: {text}"),
    "case.resolved.v1": _("{unit} has answered: {outcome}."),
    "case.merged.v1": _("It is handled together with a similar suggestion; you get your own answer."),
    "case.reopened.v1": _("It was taken up again."),
    "case.closed.v1": _("It was closed."),
    "suggestion.supplemented.v1": _("You added something."),
    "suggestion.withdrawn.v1": _("You withdrew the suggestion."),
    "suggestion.evaluated.v1": _("You rated the answer. Thank you."),
    "notice.sent.v1": _("A notice was sent to you."),
}
ARRIVED = _("Your suggestion has arrived.")
RECORDING_ARRIVED = _("Your recording has arrived and is being transcribed.")
TRANSCRIBED = {
    "clear": _("Your recording was transcribed."),
    "doubtful": _("Your recording was transcribed, but parts are unsure; a person will listen to it."),
    "no-speech": _("We heard no speech in your recording; a person will listen to it."),
    "unusable": _("Your recording could not be played; the original is kept and a person will look at it."),
}
CORRECTED = _("You corrected the transcript.")
CONFIRMED = _("You confirmed the transcript.")
CLERK_CORRECTED = _("A member of staff listened to your recording and corrected the transcript.")
CLERK_CONFIRMED = _("A member of staff listened to your recording and confirmed the transcript.")
MAILED = _("A notice was sent to you by e-mail.")
OUTCOMES = {
    "adopted": _("adopted"),
    "partly-adopted": _("adopted in part"),
    "kept-for-reference": _("kept for reference"),
    "not-adopted": _("not adopted"),
}
OTHER = _("There was news.")


def state_text(state: str, translate: Translate) -> str:
    """Name of a state."""
    return translate(STATES.get(state, state))


def step_text(step: Step, translate: Translate) -> str:
    """One sentence about one step."""
    data = step.data
    if step.type == "suggestion.submitted.v1":
        verdict = (data.get("transcript") or {}).get("verdict")
        return translate(TRANSCRIBED.get(verdict, ARRIVED) if verdict else ARRIVED)
    if step.type == "recording.received.v1":
        return translate(RECORDING_ARRIVED)
    if step.type == "suggestion.corrected.v1":
        if data.get("by") == "clerk":
            return translate(CLERK_CONFIRMED if data.get("confirmed") else CLERK_CORRECTED)
        return translate(CONFIRMED if data.get("confirmed") else CORRECTED)
    if step.type == "notice.sent.v1" and data.get("channel") == "email":
        return translate(MAILED)
    due = data.get("due") or {}
    return translate(STEPS.get(step.type, OTHER)).format(
        number=data.get("number") or data.get("case_id") or "",
        unit=(data.get("unit") or {}).get("name", ""),
        date=due.get("date", ""),
        ground=data.get("ground", ""),
        redirect=data.get("redirect", ""),
        question=data.get("question", ""),
        text=data.get("text", ""),
        outcome=translate(OUTCOMES.get(data.get("outcome", ""), "")) if data.get("outcome") else "",
    )
