"""Row 13: a recording takes longer than any group would wait; jobs are leased, so nobody leaves or joins for it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.fragile import Fragile
from tests.support.media_app import tone
from tests.support.media_stack import LEASE_S, MediaStack, topic_events

pytestmark = pytest.mark.connected


async def test_a_job_three_leases_long_is_run_once_though_two_workers_wait_for_work(
    fragile: Fragile, prefix: str, tmp_path: Path
) -> None:
    """Row 13: the holder renews its lease while it works."""
    runs = tmp_path / "runs"
    stack = MediaStack(
        fragile.infrastructure,
        tmp_path,
        MONGODB_DATABASE_PREFIX=prefix,
        TRANSCRIBER_FACTORY="tests.support.transcribers:slow",
        SLOW_S=str(3 * LEASE_S),
        SLOW_RUNS=str(runs),
    )
    try:
        api, workers = stack.start("serve"), [stack.worker(), stack.worker()]
        await asyncio.gather(*(stack.ready(process) for process in (api, *workers)))
        receipt = await stack.upload(tone())
        async with topic_events(fragile.infrastructure, "suggestions") as events_of:
            events = await events_of(receipt["suggestion_id"], 1, within_s=60)
        assert [event.type for event in events] == ["suggestion.submitted.v1"]
        assert events[0].data.transcript.verdict == "clear"
        await asyncio.sleep(LEASE_S)
        assert runs.read_text().splitlines() == ["begun"]
    finally:
        stack.stop()
