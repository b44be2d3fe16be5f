"""From an upload to `suggestion.submitted.v1` on the real topic, with workers that die, hang and come back."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from ulid import ULID

from intake_media.domain import error_rate
from shared.clock import SystemClock
from shared.contracts.recordings import RecordingReceived
from shared.contracts.suggestions import MediaRef
from shared.messaging.encoding import to_record
from shared.messaging.publishing import Publisher
from shared.receipts import Receipts
from shared.storage.blobs import Blobs
from shared.storage.mongo import Mongo
from shared.storage.outbox import entry
from shared.storage.vault import Vault
from tests.support.infrastructure import Infrastructure
from tests.support.media_app import KEY, REPOSITORY, tone
from tests.support.media_stack import LEASE_S, MediaStack, topic_events

pytestmark = pytest.mark.connected
SPOKEN = "我建议在小区门口增加几个充电桩，现在大家都从楼上拉电线给电动车充电，非常不安全。"


@pytest.fixture
def stack(infrastructure: Infrastructure, tmp_path: Path) -> Iterator[MediaStack]:
    made = MediaStack(infrastructure, tmp_path)
    yield made
    made.stop()


@pytest.fixture
async def events_of(infrastructure: Infrastructure) -> AsyncIterator[Any]:
    async with topic_events(infrastructure, "suggestions", "recordings") as found:
        yield found


def types(events: list[Any]) -> list[str]:
    return sorted(event.type for event in events)


ALL_THREE = ["recording.received.v1", "recording.transcribed.v1", "suggestion.submitted.v1"]


async def test_a_recording_becomes_one_suggestion_and_its_person_stays_in_the_vault(
    stack: MediaStack, events_of: Any, infrastructure: Infrastructure
) -> None:
    api, worker = stack.start("serve"), stack.worker()
    await stack.ready(api)
    receipt = await stack.upload(tone(), key="k", text="桥头", email="canary@example.org", place_text="桥头")
    assert await stack.upload(tone(), key="k", text="桥头", email="canary@example.org", place_text="桥头") == receipt
    await stack.ready(worker)
    events = await events_of(receipt["suggestion_id"], 3)
    assert types(events) == ALL_THREE
    by_type = {event.type: event for event in events}
    submitted = by_type["suggestion.submitted.v1"]
    assert submitted.data.text.startswith("桥头\n建议")
    assert submitted.causation_id == by_type["recording.received.v1"].id
    assert submitted.data.media[0].sha256 == by_type["recording.received.v1"].data.media.sha256
    assert all("canary" not in event.data.model_dump_json() for event in events)
    mongo = Mongo(infrastructure.mongo_uri)
    vault = Vault(mongo.database("vault")["contacts"], SystemClock(), key=KEY)
    held = await vault.get(submitted.data.contact_id)
    mongo.close()
    assert held is not None
    assert (held["email"], held["query_code"]) == ("canary@example.org", receipt["query_code"])
    assert "canary" not in stack.logs()


async def test_what_cannot_be_decoded_still_ends_as_a_suggestion(stack: MediaStack, events_of: Any) -> None:
    api, worker = stack.start("serve"), stack.worker()
    await stack.ready(api)
    receipt = await stack.upload(tone())
    original = next(path for path in stack.blobs.rglob("original"))
    original.write_bytes(b"rotten")
    await stack.ready(worker)
    events = await events_of(receipt["suggestion_id"], 3)
    assert types(events) == ["recording.received.v1", "recording.unusable.v1", "suggestion.submitted.v1"]
    [submitted] = [event for event in events if event.type == "suggestion.submitted.v1"]
    assert (submitted.data.text, submitted.data.transcript.verdict) == ("", "unusable")
    assert submitted.data.transcript.reasons == ["hash-mismatch"]


async def in_hand(stack: MediaStack) -> None:
    """Until the worker holds the only job."""
    async with asyncio.timeout(60):
        while (await stack.queue())["voice"]["waiting"]:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("fault", [signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM])
async def test_a_worker_that_dies_hangs_or_is_stopped_with_a_job_leaves_one_suggestion(
    stack: MediaStack, events_of: Any, fault: signal.Signals
) -> None:
    """Row 11 (SIGSTOP) and row 23 (SIGTERM), for recordings."""
    api = stack.start("serve")
    slow = stack.worker(TRANSCRIBER_FACTORY="tests.support.transcribers:never")
    await asyncio.gather(stack.ready(api), stack.ready(slow))
    receipt = await stack.upload(tone())
    await in_hand(stack)
    slow.send_signal(fault)
    if fault is signal.SIGTERM:
        # A stopped worker gives the job back; nobody waits for its lease.
        assert slow.wait(20) is not None
        assert (await stack.queue())["voice"]["waiting"] == 1
    quick = stack.worker()
    await stack.ready(quick)
    events = await events_of(receipt["suggestion_id"], 3)
    assert types(events) == ALL_THREE
    if fault is signal.SIGSTOP:
        slow.send_signal(signal.SIGCONT)
        await asyncio.sleep(LEASE_S)
    await asyncio.sleep(1)
    assert types(await events_of(receipt["suggestion_id"], 4, within_s=2)) == ALL_THREE


async def test_a_hotline_recording_announced_on_the_topic_is_transcribed_once(
    stack: MediaStack, events_of: Any, infrastructure: Infrastructure, tmp_path: Path
) -> None:
    note = tmp_path / "note.wav"
    note.write_bytes(tone())
    stored = await Blobs(stack.blobs.as_uri()).put_file("hotline/12345/note.wav", note)
    suggestion_id = str(ULID())
    data = RecordingReceived(
        suggestion_id=suggestion_id,
        recording_id=str(ULID()),
        channel="hotline",
        media=MediaRef(role="original", uri=stored.uri, sha256=stored.sha256, size_bytes=0, media_type="audio/wav"),
        received_at=SystemClock().now(),
        source="12345",
        external_id="W-1",
    )
    announced = to_record("recordings", entry(data, source="intake-web", at=SystemClock().now(), key="12345:W-1"))
    publisher = Publisher(infrastructure.connection())
    await publisher.publish([announced, announced])
    await publisher.stop()
    stack.start("serve")
    stack.worker()
    found = await events_of(suggestion_id, 3)
    assert types(found) == ALL_THREE
    [submitted] = [event for event in found if event.type == "suggestion.submitted.v1"]
    assert (submitted.data.channel, submitted.data.external_id) == ("hotline", "W-1")
    assert submitted.causation_id == announced_id(announced)


def announced_id(record: Any) -> str:
    return str(dict(record.headers)["ce_id"].decode())


async def test_a_database_that_cannot_be_reached_is_said_by_uploads_and_by_readiness(stack: MediaStack) -> None:
    api = stack.start("serve", MONGODB_URI="mongodb://127.0.0.1:1/?retryWrites=false")
    async with httpx2.AsyncClient(timeout=10) as client, asyncio.timeout(60):
        while True:
            try:
                answer = await client.post(
                    f"{stack.url}/api/v1/recordings", data={"channel": "voice"}, files={"file": ("x", tone())}
                )
                break
            except httpx2.ConnectError:
                assert api.poll() is None, stack.logs()
                await asyncio.sleep(0.2)
        ready = await client.get(f"{stack.url}/health/ready")
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert ready.status_code == 503
    assert any(reason.startswith("database") for reason in ready.json()["reasons"])


@pytest.mark.whisper
async def test_a_spoken_note_of_a_browser_comes_out_as_simplified_chinese_with_times_and_a_copy_to_play(
    infrastructure: Infrastructure, tmp_path: Path, events_of: Any
) -> None:
    """Row 23: its end shows that a stopped worker leaves no child behind."""
    spoken = (REPOSITORY / "deploy/local/src/minsheng/demo_media/chongdian.ogg").read_bytes()
    state = Path(os.environ.get("MINSHENG_STATE") or REPOSITORY / ".local").resolve()
    stack = MediaStack(infrastructure, tmp_path, TRANSCRIBER_FACTORY="", MEDIA_COPIES="on", RECORDING_LEASE_S="30")
    if (state / "models").is_dir():
        (tmp_path / "models").symlink_to(state / "models")  # joined once is enough
    try:
        api, worker = stack.start("serve"), stack.worker()
        await asyncio.gather(stack.ready(api), stack.ready(worker))
        receipt = await stack.upload(spoken)
        events = await events_of(receipt["suggestion_id"], 3, within_s=120)
        [submitted] = [event for event in events if event.type == "suggestion.submitted.v1"]
        errors, length = error_rate.errors(SPOKEN, submitted.data.text)
        assert errors / length <= 0.12
        assert submitted.data.transcript.verdict in ("clear", "doubtful")
        [first, *_] = submitted.data.transcript.segments
        assert 0 <= first.start_s < first.end_s < 20
        assert 0 < first.confidence <= 1
        token = Receipts(KEY).token(receipt["suggestion_id"])
        async with httpx2.AsyncClient() as client, asyncio.timeout(60):
            while (playable := await client.get(f"{stack.url}/media/{token}/playback")).status_code == 404:
                await asyncio.sleep(0.3)
        assert playable.headers["content-type"] == "audio/mp4"
        assert playable.content[4:8] == b"ftyp"
        transcribing = children_of(worker)
        assert transcribing
        worker.terminate()
        worker.wait(20)
        assert [pid for pid in transcribing if Path(f"/proc/{pid}").exists()] == []
    finally:
        stack.stop()


def children_of(process: subprocess.Popen[bytes]) -> list[str]:
    found = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True, check=False
    )
    return found.stdout.split()
