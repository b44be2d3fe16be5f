"""`GET /media/{token}/{role}`: for the holder of the tracking link, by ranges, never the original."""

from __future__ import annotations

from pathlib import Path

import pytest

from intake_media.domain.transcript import Transcript
from shared.contracts.suggestions import MediaRef
from shared.receipts import Receipts
from tests.support.media_app import KEY, MediaApp
from tests.support.media_stores import Row, recording_of

RECEIPTS = Receipts(KEY)
SOUND = bytes(range(100))
TOKEN = RECEIPTS.token(recording_of().suggestion_id)


@pytest.fixture
def media(tmp_path: Path) -> MediaApp:
    made = MediaApp(tmp_path)
    recording = recording_of()
    made.recordings.rows[recording.suggestion_id] = Row(recording, "i", "b", ())
    audio = MediaRef(role="audio", uri="memory:a", sha256="0" * 64, size_bytes=100, media_type="audio/mp4")
    made.recordings.outcomes[recording.suggestion_id] = (Transcript(verdict="clear"), (audio,), ())
    made.originals.held |= {"memory:a": SOUND, "memory:note": b"note"}
    return made


@pytest.mark.parametrize("role", ["audio", "playback"])
async def test_the_copy_plays_and_can_do_no_harm(media: MediaApp, role: str) -> None:
    async with media.client() as client:
        answer = await client.get(f"/media/{TOKEN}/{role}")
    assert (answer.status_code, answer.content) == (200, SOUND)
    assert answer.headers["content-type"] == "audio/mp4"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"] == "attachment"
    assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("asked", "status", "content", "said"),
    [
        ("bytes=10-19", 206, SOUND[10:20], "bytes 10-19/100"),
        ("bytes=90-", 206, SOUND[90:], "bytes 90-99/100"),
        ("bytes=-5", 206, SOUND[95:], "bytes 95-99/100"),
        ("bytes=0-999", 206, SOUND, "bytes 0-99/100"),
        ("bytes=100-", 416, b"", "bytes */100"),
        ("bytes=0-1,5-6", 200, SOUND, None),
        ("nonsense", 200, SOUND, None),
    ],
)
async def test_ranges(media: MediaApp, asked: str, status: int, content: bytes, said: str | None) -> None:
    async with media.client() as client:
        answer = await client.get(f"/media/{TOKEN}/audio", headers={"Range": asked})
    assert (answer.status_code, answer.content, answer.headers.get("content-range")) == (status, content, said)


async def test_a_head_tells_the_size_without_the_bytes(media: MediaApp) -> None:
    async with media.client() as client:
        answer = await client.head(f"/media/{TOKEN}/audio")
    assert (answer.status_code, answer.headers["content-length"], answer.content) == (200, "100", b"")


@pytest.mark.parametrize(
    "path",
    [
        f"/media/{TOKEN}/original",  # may hold the place and the device it was made with
        f"/media/{TOKEN}/poster",
        f"/media/{TOKEN[:-2]}AA/audio",
        "/media/x/audio",
        f"/media/{RECEIPTS.token('01M86APPW5S8S4DYFERE26FC6N')}/audio",
    ],
)
async def test_everything_else_is_404_alike(media: MediaApp, path: str) -> None:
    async with media.client() as client:
        answer = await client.get(path)
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:minsheng:problem:not-found")
