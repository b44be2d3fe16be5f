"""What forms are called, and how each reads on the tracking page: in English; the catalogue holds the Chinese.

Form names and duties are the district's: 受理告知书, 不予受理告知书, 转办告知书, 办理结果告知书.
"""

from __future__ import annotations

from notifier.domain.letter import Particulars, Translate, day
from notifier.domain.notice import Notice

TITLES = {
    "receipt": "Acknowledgement of a suggestion",
    "acceptance": "Notice of acceptance",
    "assignment": "Notice of referral",
    "review": "Notice of review",
    "decline": "Notice of non-acceptance",
    "question": "A question about your suggestion",
    "progress": "Notice of progress",
    "result": "Notice of the result",
    "supervision": "Notice of supervision",
}
OUTCOMES = {
    "adopted": "adopted",
    "partly-adopted": "partly adopted",
    "kept-for-reference": "kept for reference",
    "not-adopted": "not adopted",
}
CHANNELS = {
    "web": "in writing",
    "voice": "by voice",
    "video": "by video",
    "hotline": "by hotline",
    "collector": "at a collection point",
}
HEARD = {
    "clear": "A machine has written down what you said. Please open the link to read it; you can correct it there.",
    "doubtful": "Parts of the recording were hard to hear. A member of staff will listen to it; you can also open the "
    "link to read and correct the text.",
    "no-speech": "No speech was heard in the recording. A member of staff will listen to it; you are also welcome to "
    "send your suggestion in writing.",
    "unusable": "The recording could not be read by machine. A member of staff will look at it; you are also welcome "
    "to send your suggestion in writing.",
}
EMERGENCY = (
    "If anyone is in danger call 110 (police), 119 (fire) or 120 (ambulance) at once; this service can't do it for you."
)


def page(notice: Notice, tr: Translate, particulars: Particulars) -> tuple[str, str]:
    """Title and text for the tracking page: no personal data, since it travels on a topic."""
    facts = notice.facts
    texts = {
        "receipt": tr("We have received your suggestion and are reading it."),
        "acceptance": tr("Your suggestion has been accepted under number {number}."),
        "assignment": tr("{unit} is handling your suggestion and is to answer by {due}."),
        "review": tr("A member of staff is reading your suggestion; we will tell you the outcome."),
        "decline": tr("Your suggestion was not accepted: {ground}. {redirect}"),
        "question": tr("The handling unit has a question for you; please open the page to answer."),
        "progress": tr("The handling unit reports progress."),
        "result": tr("{unit} has answered your suggestion: {outcome}."),
    }
    text = texts[notice.form].format(
        number=facts.get("number") or notice.suggestion_id,
        unit=facts.get("unit", ""),
        due=day(tr, facts.get("due", "")),
        ground=particulars.ground.name if particulars.ground else "",
        redirect=particulars.ground.redirect if particulars.ground else "",
        outcome=tr(OUTCOMES.get(facts.get("outcome", ""), "")) if facts.get("outcome") else "",
    )
    if facts.get("emergency"):
        text = f"{tr(EMERGENCY)} {text}"
    return tr(TITLES[notice.form]), text
