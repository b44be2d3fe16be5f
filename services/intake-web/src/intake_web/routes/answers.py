"""The JSON of a timeline: what programs that track a suggestion rely on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from babel.support import Translations
from fastapi import Request
from pydantic import BaseModel, Field

from intake_web.domain.timeline import Timeline
from intake_web.domain.wording import step_text
from shared.contracts.model import Moment
from shared.runtime import translations


class StepAnswer(BaseModel):
    """One step, told in the reader's language."""

    at: Moment
    type: str
    text: str


class NoticeAnswer(BaseModel):
    """A notice as the tracking page shows it."""

    at: Moment
    form: str
    title: str | None = None
    text: str | None = None


class TrackingAnswer(BaseModel):
    """State and steps of one suggestion; fields that are not known yet are left out."""

    suggestion_id: str
    channel: str | None = None
    state: str
    received_at: Moment | None = None
    steps: list[StepAnswer]
    text: str | None = None
    transcript: dict[str, Any] | None = None
    case_id: str | None = None
    number: str | None = None
    unit: dict[str, Any] | None = None
    due: dict[str, Any] | None = None
    ground: str | None = None
    redirect: str | None = None
    outcome: str | None = None
    answer: str | None = None
    notices: list[NoticeAnswer] = Field(default_factory=list)


def language_of(request: Request) -> str:
    """Language for an answer without a page."""
    return translations.choose_language(request.headers.get("accept-language"))


def answer_of(timeline: Timeline, catalogues: Mapping[str, Translations], language: str) -> TrackingAnswer:
    """The timeline in words."""

    def translate(message: str) -> str:
        return translations.gettext(catalogues, language, message)

    return TrackingAnswer(
        suggestion_id=timeline.suggestion_id,
        channel=timeline.channel,
        state=timeline.state,
        received_at=timeline.received_at,
        steps=[StepAnswer(at=one.at, type=one.type, text=step_text(one, translate)) for one in timeline.steps],
        text=timeline.text,
        transcript=timeline.transcript,
        case_id=timeline.case_id,
        number=timeline.number,
        unit=timeline.unit,
        due=timeline.due,
        ground=timeline.ground,
        redirect=timeline.redirect,
        outcome=timeline.outcome,
        answer=timeline.answer,
        notices=[
            NoticeAnswer(
                at=one.at, form=one.data.get("form", ""), title=one.data.get("title"), text=one.data.get("text")
            )
            for one in timeline.notices
        ],
    )
