"""What is made from a recording: for the holder of the tracking link, and for the desk by grant; never the original."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from intake_media.domain.transcript import Transcript
from shared.clock import SystemClock
from shared.contracts.suggestions import MediaRef
from shared.media_grants import DESK, MediaGrants
from shared.receipts import Receipts
from tests.support.media_app import DESK_URL, KEY, WEB, MediaApp
from tests.support.media_stores import Row, job_of, recording_of

RECEIPTS = Receipts(KEY)
SOUND = bytes(range(100))
TOKEN = RECEIPTS.token(recording_of().suggestion_id)


@pytest.fixture
def media(tmp_path: Path) -> MediaApp:
    return holding(tmp_path)


def holding(folder: Path, **settings: Any) -> MediaApp:
    made = MediaApp(folder, **settings)
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


GRANTS = MediaGrants(KEY)
NOW = SystemClock().now()


def granted(role: str = "playback", *, audience: str = DESK, hours: float = 1) -> str:
    until = NOW + timedelta(hours=hours)
    return GRANTS.issue(recording_of().suggestion_id, role, audience=audience, until=until)


async def test_the_desk_plays_by_a_grant_and_may_seek(media: MediaApp) -> None:
    async with media.client() as client:
        answer = await client.get(f"/media/desk/{granted()}/playback", headers={"Range": "bytes=10-19"})
    assert (answer.status_code, answer.content) == (206, SOUND[10:20])
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["cross-origin-resource-policy"] == "same-site"


@pytest.mark.parametrize(
    ("origin", "allowed"), [(DESK_URL, DESK_URL), (WEB, WEB), ("http://elsewhere.test", None), (None, None)]
)
async def test_only_the_desk_and_the_site_may_read_from_their_pages(
    media: MediaApp, origin: str | None, allowed: str | None
) -> None:
    async with media.client() as client:
        answer = await client.get(f"/media/desk/{granted()}/playback", headers={"Origin": origin} if origin else {})
    assert answer.status_code == 200
    assert answer.headers.get("access-control-allow-origin") == allowed
    assert "origin" in answer.headers["vary"].lower()


async def test_the_desk_may_not_read_by_a_residents_link(media: MediaApp) -> None:
    async with media.client() as client:
        answer = await client.get(f"/media/{TOKEN}/audio", headers={"Origin": DESK_URL})
    assert answer.headers.get("access-control-allow-origin") is None


@pytest.mark.parametrize(
    "path",
    [
        f"/media/desk/{granted('original')}/original",
        f"/media/desk/{granted()}/audio",  # a grant for another role
        f"/media/desk/{granted(audience='elsewhere')}/playback",
        f"/media/desk/{granted(hours=-0.01)}/playback",
        f"/media/desk/{TOKEN}/playback",
        f"/media/{granted()}/playback",
        f"/media/desk/{granted('poster')}/poster",  # there is none
    ],
)
async def test_what_was_not_granted_is_404(media: MediaApp, path: str) -> None:
    async with media.client() as client:
        answer = await client.get(path)
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:minsheng:problem:not-found")


async def test_without_a_key_no_grant_opens_anything(tmp_path: Path) -> None:
    async with holding(tmp_path, media_grant_key=None).client() as client:
        assert (await client.get(f"/media/desk/{granted()}/playback")).status_code == 404


async def test_the_link_tells_how_far_a_long_recording_is(media: MediaApp) -> None:
    await media.recordings.note_progress(job_of(), 3, 8)
    async with media.client() as client:
        answer = await client.get(f"/media/{TOKEN}/progress")
        unknown = await client.get("/media/x/progress")
    assert answer.json() == {"state": "working", "done": 3, "total": 8}
    assert answer.headers["cache-control"] == "private, no-store"
    assert unknown.status_code == 404


@pytest.mark.parametrize(
    ("url", "policy"),
    [
        ("https://media.jianyi.example", "same-site"),
        ("http://127.0.0.1:8081", "cross-origin"),
        ("http://localhost:8081", "cross-origin"),
        ("http://[::1]:8081", "cross-origin"),
    ],
)
async def test_foreign_sites_may_not_embed_where_browsers_know_what_a_site_is(
    tmp_path: Path, url: str, policy: str
) -> None:
    async with holding(tmp_path, public_media_url=url).client() as client:
        answer = await client.get(f"/media/{TOKEN}/audio")
    assert answer.headers["cross-origin-resource-policy"] == policy
