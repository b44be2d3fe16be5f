"""Plan the notices that an event calls for; a redelivered event plans nothing new."""

from __future__ import annotations

from typing import Any

from notifier.domain.notice import Call, Notice, Recipient, calls_of
from notifier.domain.safety import summary
from notifier.ports import Book, Composer
from shared.contracts.envelope import Event
from shared.contracts.model import EventData
from shared.contracts.suggestions import SuggestionSubmitted

DEFAULT_LANGUAGE = "zh-CN"


async def plan(event: Event[Any], *, book: Book, composer: Composer) -> list[Notice]:
    """Show what belongs on the tracking page, queue what is to be mailed; returns what was new."""
    if isinstance(event.data, SuggestionSubmitted):
        return await _plan_receipt(event, event.data, book=book, composer=composer)
    return await _plan_step(event, book=book, composer=composer)


async def _plan_receipt(
    event: Event[Any], data: SuggestionSubmitted, *, book: Book, composer: Composer
) -> list[Notice]:
    recipient = Recipient(
        suggestion_id=data.suggestion_id,
        contact_id=data.contact_id,
        language=data.language,
        received_at=data.received_at,
        summary=summary(data.text) if data.contact_id else "",
    )
    made: list[Notice] = []
    for call in calls_of(data, at=event.time):
        made += await _carry_out(event, call, recipient, book=book, composer=composer)
    # Last, since it lets the mails of later events go: the receipt must be in the queue before them.
    await book.introduce(recipient)
    return made


async def _plan_step(event: Event[Any], *, book: Book, composer: Composer) -> list[Notice]:
    suggestion_id = event.data.suggestion_id
    recipient = await book.known(suggestion_id)
    made: list[Notice] = []
    for call in calls_of(event.data, at=event.time):
        made += await _carry_out(event, call, recipient, book=book, composer=composer)
    if recipient is None:
        # The suggestion comes by another topic and may be late, or may have been introduced since we looked.
        recipient = await book.known(suggestion_id)
        if recipient is not None:
            await book.release(recipient)
    return made


async def _carry_out(
    event: Event[Any], call: Call, recipient: Recipient | None, *, book: Book, composer: Composer
) -> list[Notice]:
    data: EventData = event.data
    made = []
    for channel in call.channels:
        form = call.form
        if channel == "email" and recipient is not None and recipient.contact_id is None:
            continue
        if form == "acceptance" and channel == "email":
            # Accepted once; a later assignment (after a return) tells only of the new unit and date.
            told = await book.acceptance_told(data.suggestion_id, besides=event.id)
            form = "assignment" if told else form
        notice = Notice(
            suggestion_id=data.suggestion_id,
            event_id=event.id,
            channel=channel,
            form=form,
            at=event.time,
            facts=call.facts,
        )
        if channel == "page":
            title, text = composer.page(notice, language=recipient.language if recipient else DEFAULT_LANGUAGE)
            new = await book.show(notice, title=title, text=text)
        else:
            new = await book.queue(notice, held=recipient is None)
        if new:
            made.append(notice)
    return made
