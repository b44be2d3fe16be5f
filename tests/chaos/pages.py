"""What residents are shown at the end: a sample of tracking pages, asked for by query code."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping

import httpx2

from tests.chaos.promised import Accepted
from tests.chaos.reading import read_all
from tests.chaos.states import last_states

PATIENCE_S = 120.0
"""Behind a backlog a page may be late, but not stay so: so long without one page more that agrees, and it has lost."""
NO_ANSWER = "no answer"


def sample(accepted: Accepted, wanted: int, seed: int) -> dict[str, str]:
    """Suggestion → query code: half of them, at most, of those that people acted on."""
    dice = random.Random(f"pages {seed}")
    acted = sorted({deed.suggestion_id for deed in accepted.deeds if deed.suggestion_id in accepted.codes})
    chosen = dice.sample(acted, min(len(acted), wanted // 2))
    rest = sorted(set(accepted.codes) - set(chosen))
    chosen += dice.sample(rest, min(len(rest), wanted - len(chosen)))
    return {suggestion_id: accepted.codes[suggestion_id] for suggestion_id in chosen}


async def shown(web: str, codes: Mapping[str, str], kafka: str) -> dict[str, str]:
    """Suggestion → state on its page; those that differ from the case are asked for again while there is progress."""
    states: dict[str, str] = {}
    moved, least = time.monotonic(), len(codes)
    async with httpx2.AsyncClient(timeout=10, limits=httpx2.Limits(max_connections=4)) as client:
        while True:
            records = await read_all(kafka, ("cases",))
            # of an event that came again, the first counts
            told = last_states({one.headers.get("ce_id"): one for one in reversed(records)}.values())
            asked = [one for one in codes if states.get(one) != told.get(one) or one not in states]
            answers = await asyncio.gather(*(_state(client, web, one, codes[one]) for one in asked))
            states |= dict(zip(asked, answers, strict=True))
            differing = sum(states[one] != told.get(one) for one in codes)
            if differing < least:
                moved, least = time.monotonic(), differing
            if not differing or time.monotonic() - moved > PATIENCE_S:
                return states
            await asyncio.sleep(3)


async def _state(client: httpx2.AsyncClient, web: str, suggestion_id: str, code: str) -> str:
    try:
        answer = await client.post(f"{web}/api/v1/tracking", json={"query_code": code})
    except httpx2.TransportError:
        return NO_ANSWER
    if answer.status_code != 200:
        return f"{NO_ANSWER}: {answer.status_code}"
    page = answer.json()
    return str(page["state"]) if page["suggestion_id"] == suggestion_id else "another suggestion's page"
