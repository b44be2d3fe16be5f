"""Kafka edge: which event types the notifier listens to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from notifier.domain.notice import TOLD_OF, Notice
from notifier.handlers.plan import plan
from notifier.ports import Book, Composer
from shared.contracts.envelope import Event
from shared.contracts.topics import type_name
from shared.messaging.attempts import Handler

TOPICS = ("suggestions", "cases")
"""Consumed together by one subscriber; a case event may still come before its suggestion."""


def subscribers(*, book: Book, composer: Composer, planned: Callable[[list[Notice]], None]) -> dict[str, Handler]:
    """Handlers by event type; `planned` hears of what was new."""

    async def on_event(event: Event[Any]) -> None:
        planned(await plan(event, book=book, composer=composer))

    return {type_name(model): on_event for model in TOLD_OF}
