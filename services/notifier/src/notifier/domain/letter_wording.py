"""The wording of every form as a mail, in English; the catalogue holds the Chinese that residents read first."""

from __future__ import annotations

from datetime import datetime

from notifier.domain.letter import Letter, Particulars, Translate, day, moment
from notifier.domain.notice import Notice
from notifier.domain.wording import CHANNELS, EMERGENCY, HEARD, OUTCOMES, TITLES


def letter(notice: Notice, tr: Translate, particulars: Particulars) -> Letter:
    """The form as a mail."""
    title = tr(TITLES[notice.form])
    number = notice.facts.get("number", "")
    return Letter(
        title=title,
        subject=f"{title} {number}".strip(),
        number=number,
        paragraphs=_paragraphs(notice, tr, particulars),
        facts=_rows(notice, tr, particulars),
        closing=_closing(notice, tr),
    )


def _paragraphs(notice: Notice, tr: Translate, particulars: Particulars) -> tuple[str, ...]:
    facts = notice.facts
    match notice.form:
        case "receipt":
            how = tr(CHANNELS.get(facts.get("channel", ""), "in writing"))
            said = [
                tr(
                    "We have received the suggestion that you made {how}. Thank you for your care for {district}."
                ).format(how=how, district=particulars.district)
            ]
            if facts.get("heard") in HEARD:
                said.append(tr(HEARD[facts["heard"]]))
            said.append(
                tr("We will now decide whether to accept it and which unit handles it, and tell you each step.")
            )
            return tuple(said)
        case "acceptance":
            return (
                tr("After examination your suggestion has been accepted and referred to {unit}.").format(
                    unit=facts.get("unit", "")
                ),
                tr("It is to be answered by {due}. How this date was counted is stated below.").format(
                    due=day(tr, facts.get("due", ""))
                ),
            )
        case "assignment":
            return (
                tr("Your suggestion is now handled by {unit}, to be answered by {due}.").format(
                    unit=facts.get("unit", ""), due=day(tr, facts.get("due", ""))
                ),
            )
        case "review":
            asked = tr("A member of staff is reading your suggestion; we will tell you the outcome.")
            return (tr(EMERGENCY), asked) if facts.get("emergency") else (asked,)
        case "decline":
            return (
                tr(
                    "After examination your suggestion can't be handled here. The ground and your way onward are below."
                ),
                tr("Thank you for your trust; other suggestions of yours are welcome at any time."),
            )
        case "question":
            return (
                tr("To handle your suggestion well the unit would like to know:"),
                facts.get("question", ""),
                tr("Please answer on the page behind the link. The time limit stands still meanwhile."),
            )
        case "progress":
            return (tr("The unit reports:"), facts.get("progress", ""))
        case "result":
            return (
                tr("Your suggestion has been handled. {unit} answers:").format(unit=facts.get("unit", "")),
                *(part.strip() for part in facts.get("answer", "").splitlines() if part.strip()),
                tr("Please tell us on the page behind the link whether you are satisfied with service and result."),
            )
    return ()


def _rows(notice: Notice, tr: Translate, particulars: Particulars) -> tuple[tuple[str, str], ...]:
    facts = notice.facts
    ground = particulars.ground
    accepted = facts.get("accepted_at", "")
    rows = (
        (tr("Case number"), facts.get("number", "")),
        (tr("Registration"), particulars.suggestion_id),
        (tr("Summary"), particulars.summary),
        (tr("Received"), moment(tr, particulars.received_at)),
        (tr("Accepted"), moment(tr, datetime.fromisoformat(accepted)) if accepted else ""),
        (tr("Handling unit"), facts.get("unit", "")),
        (tr("Co-handling units"), facts.get("co_units", "")),
        (tr("To be answered by"), day(tr, facts.get("due", ""))),
        (tr("How the date was counted"), facts.get("computation", "")),
        (tr("Ground"), tr("{name} ({code})").format(name=ground.name, code=facts.get("ground", "")) if ground else ""),
        (tr("Where to turn instead"), ground.redirect if ground else ""),
        (tr("Outcome"), tr(OUTCOMES[facts["outcome"]]) if facts.get("outcome") in OUTCOMES else ""),
        (tr("Reason"), facts.get("reason", "")),
        (tr("Query code"), particulars.query_code),
    )
    return tuple((label, value) for label, value in rows if value)


def _closing(notice: Notice, tr: Translate) -> tuple[str, ...]:
    query = tr("To follow the case, open the link above, or type the query code on our site; no account is needed.")
    if notice.form == "receipt":
        return (query, tr(EMERGENCY))
    return (query,)
