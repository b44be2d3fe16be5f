"""Kafka edge: what this service consumes, and which use case takes it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from intake_web.handlers.normalise_hotline import NormaliseHotline
from intake_web.handlers.project import Project
from shared.contracts.envelope import Event
from shared.contracts.hotline import HotlineSubmitted
from shared.contracts.topics import CASES, EVENT_TYPES, HOTLINE_SUBMISSIONS, NOTICES, RECORDINGS, SUGGESTIONS, type_name

Subscriber = Callable[[Event[Any]], Awaitable[None]]
PROJECTED = (SUGGESTIONS.name, CASES.name, RECORDINGS.name, NOTICES.name)
HOTLINES = (HOTLINE_SUBMISSIONS.name,)
HOTLINE_TYPES = {type_name(HotlineSubmitted): HotlineSubmitted}


def projection(project: Project) -> dict[str, Subscriber]:
    """Every type of the projected topics goes into the tracking view."""
    return {name: project for name in EVENT_TYPES if name not in HOTLINE_TYPES}


def hotlines(normalise: NormaliseHotline) -> dict[str, Subscriber]:
    """Work orders."""

    async def on_submitted(event: Event[HotlineSubmitted]) -> None:
        await normalise(event.data, causation_id=event.id)

    return {type_name(HotlineSubmitted): on_submitted}
