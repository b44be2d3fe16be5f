"""Lists of cases, newest first, at the cost of what they show."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any, get_args

from router.adapters.case_document import WITHOUT_EVENTS, case_of, first_id, time_of
from router.domain.case import Case, State
from router.ports.cases import Filters, Page
from shared.storage.mongo import Collection, Document, translated

WINDOWS = tuple(timedelta(seconds=0.3) * 6**power for power in range(11))
"""Lists look back in growing stretches: the database reads a whole index range before it sorts and limits, so a
page must cost what it shows, not what the collection holds. The last stretch is open."""
SEARCH_WINDOWS = 9
"""A search for words reads every text of a stretch; it stops after a week and offers to go on."""


async def page_of(collection: Collection, filters: Filters, *, before: str | None, limit: int, now: datetime) -> Page:
    """See `ports.cases.CaseStore.page`; stretch by stretch, back from `before` or from `now`."""
    matches = _matches(filters)
    windows = WINDOWS[:SEARCH_WINDOWS] if filters.words else WINDOWS
    start = time_of(before) or now
    found: list[Case] = []
    upper = before
    for window in windows:
        is_last = window is WINDOWS[-1]
        lower = None if is_last else first_id(start - window)
        keys = {**({"$lt": upper} if upper else {}), **({"$gte": lower} if lower else {})}
        wanted = limit - len(found)
        documents: list[Document] = []
        for match in matches:
            with translated():
                cursor = collection.find({**match, "_id": keys} if keys else match, WITHOUT_EVENTS)
                documents += await cursor.sort("_id", -1).limit(wanted).to_list(wanted)
        documents.sort(key=lambda one: str(one["_id"]), reverse=True)
        found += [case_of(document) for document in documents[:wanted]]
        if len(found) == limit:
            return Page(cases=found, before=found[-1].suggestion_id)
        upper = lower
    return Page(cases=found, before=upper)


def _matches(filters: Filters) -> list[dict[str, Any]]:
    """One query, or one per state: the embedded server serves a range of ids only behind an equality that is indexed
    with it, and reads the whole collection else."""
    match = _match(filters)
    return [match] if filters.unit or filters.state else [{**match, "state": state} for state in get_args(State)]


def _match(filters: Filters) -> dict[str, Any]:
    match: dict[str, Any] = {}
    if filters.state:
        match["state"] = filters.state
    if filters.unit:
        match["units"] = filters.unit
    if filters.town:
        match["town"] = filters.town
    if filters.words:
        match["suggestion.text"] = {"$regex": re.escape(filters.words)}
    return match
