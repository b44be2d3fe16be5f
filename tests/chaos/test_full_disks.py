"""Rows 7 and 8: no room left on small file systems of our own (they need root)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx2
import pytest

from shared.storage.mongo import Mongo
from tests.support.casework import SIGNALS
from tests.support.fragile import Fragile, can_mount, mount, unmount
from tests.support.kafka import until
from tests.support.media_app import tone
from tests.support.media_stack import MediaStack, topic_events
from tests.support.processes import intake_web

pytestmark = pytest.mark.connected
GROWN = "256m"
UPLOADS = "8m"


def fill(folder: Path) -> Path:
    """A file that takes all the room there is."""
    filler = folder / "filler"
    with filler.open("wb") as file:
        try:
            while True:
                file.write(bytes(65_536))
                file.flush()
        except OSError:
            pass
    return filler


async def test_the_broker_ends_on_a_full_disk_and_intake_goes_on_until_there_is_room_again(
    fragile: Fragile, prefix: str, tmp_path: Path
) -> None:
    """Row 7."""
    if not fragile.log_on_tmpfs:
        pytest.skip("a small file system for the broker's log can only be mounted as root")

    async def accepted(client: httpx2.AsyncClient) -> str:
        answer = await client.post("/api/v1/suggestions", json={"text": SIGNALS})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["suggestion_id"])

    async with intake_web(fragile.infrastructure, prefix, tmp_path) as client:
        ids = [await accepted(client)]
        [before] = await asyncio.to_thread(fragile.pids, "kafka")
        filler = fill(fragile.log_folder)
        try:
            ids.append(await accepted(client))

            async def gone() -> bool:
                return before not in await asyncio.to_thread(fragile.pids, "kafka")

            await until(gone, seconds=60)

            async def alarmed() -> bool:
                return (await client.get("/health/ready")).status_code == 503

            await until(alarmed, seconds=60)
            ids += [await accepted(client) for _ in range(20)]
            assert mount(fragile.log_folder, GROWN, again=True)
            await fragile.answering("kafka", seconds=120)
        finally:
            filler.unlink()
        async with topic_events(fragile.infrastructure, "suggestions") as events_of:
            for suggestion_id in ids:
                events = await events_of(suggestion_id, 1, within_s=90)
                assert len({event.id for event in events}) == 1


async def test_an_upload_without_room_is_507_and_leaves_nothing_while_texts_are_taken(
    fragile: Fragile, prefix: str, tmp_path: Path
) -> None:
    """Row 8."""
    if not can_mount():
        pytest.skip("a small file system for uploads can only be mounted as root")
    small = tmp_path / "small"
    small.mkdir()
    assert mount(small, UPLOADS)
    stack = MediaStack(fragile.infrastructure, small, MONGODB_DATABASE_PREFIX=prefix)
    mongo = Mongo(fragile.infrastructure.mongo_uri, prefix=prefix)
    try:
        await stack.ready(stack.start("serve"))
        async with (
            intake_web(fragile.infrastructure, prefix, tmp_path) as texts,
            httpx2.AsyncClient(timeout=60) as client,
        ):
            refused = await client.post(
                f"{stack.url}/api/v1/recordings", data={"channel": "voice"}, files={"file": ("x", tone(300))}
            )
            assert refused.status_code == 507
            assert refused.headers["content-type"].startswith("application/problem+json")
            assert await mongo.database("intake_media")["recordings"].count_documents({}) == 0
            folders = (small / "uploads", stack.blobs)
            assert [path for folder in folders for path in folder.rglob("*") if path.is_file()] == []
            assert (await texts.post("/api/v1/suggestions", json={"text": SIGNALS})).status_code == 202
            await stack.upload(tone(1))
    finally:
        stack.stop()
        unmount(small)
        mongo.close()
