"""`/api/v1/uploads`: what a phone does on a bad line, and what tuspyserver would do wrong by itself."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from intake_media.adapters.upload_folder import KEPT_UNFINISHED_S, UploadFolder
from shared.errors import Unavailable
from tests.support.media_app import MEDIA, WEB, MediaApp
from tests.support.media_stores import FakeProbe

PATH = "/api/v1/uploads"
TUS = {"Tus-Resumable": "1.0.0"}
PATCH = {**TUS, "Content-Type": "application/offset+octet-stream"}
BYTES = os.urandom(3_000)
PHONE = "13900001111"


def metadata(**changes: str | None) -> str:
    said = {
        "filename": "视频.mp4",
        "filetype": "video/mp4",
        "channel": "video",
        "submission": json.dumps({"text": "请看", "contact": {"phone": PHONE}}),
        **changes,
    }
    return ",".join(
        f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in said.items() if value is not None
    )


async def create(client: Any, length: int = len(BYTES), **headers: str) -> Any:
    given = {**TUS, "Upload-Length": str(length), "Upload-Metadata": metadata(), **headers}
    return await client.post(PATH, headers=given)


async def send(client: Any, place: str, offset: int, data: bytes) -> Any:
    return await client.patch(place, headers={**PATCH, "Upload-Offset": str(offset)}, content=data)


@pytest.fixture
def media(tmp_path: Path) -> MediaApp:
    return MediaApp(tmp_path, probe=FakeProbe())


async def test_an_upload_in_pieces_becomes_one_recording_and_one_receipt(media: MediaApp) -> None:
    async with media.client() as client:
        place = (await create(client)).headers["location"]
        early = await client.get(place + "/receipt")
        assert (early.status_code, early.json()["type"]) == (404, "urn:minsheng:problem:not-complete")
        assert (await send(client, place, 0, BYTES[:1_000])).headers["upload-offset"] == "1000"
        assert (await client.head(place, headers=TUS)).headers["upload-offset"] == "1000"
        assert (await send(client, place, 1_000, BYTES[1_000:])).status_code == 204
        receipt = (await client.get(place + "/receipt")).json()
        # The library runs its completion again for this one.
        assert (await send(client, place, len(BYTES), b"")).status_code == 204
        assert (await client.get(place + "/receipt")).json() == receipt
        assert (await client.head(place, headers=TUS)).status_code == 200
    [row] = media.recordings.rows.values()
    assert row.recording.suggestion_id == receipt["suggestion_id"]
    assert row.recording.channel == "video"
    assert list(media.originals.held.values()) == [BYTES]
    assert all(PHONE not in path.read_text(errors="replace") for path in media.left_over())


async def test_a_piece_at_the_wrong_place_is_409_and_changes_nothing(media: MediaApp) -> None:
    async with media.client() as client:
        place = (await create(client)).headers["location"]
        await send(client, place, 0, BYTES[:10])
        assert (await send(client, place, 0, BYTES[:10])).status_code == 409
        assert (await send(client, place, 10, b"x" * len(BYTES))).status_code == 400
        await send(client, place, 10, BYTES[10:])
    assert list(media.originals.held.values()) == [BYTES]


async def test_bytes_beyond_the_offset_that_a_crash_left_are_cut_off(media: MediaApp) -> None:
    async with media.client() as client:
        place = (await create(client)).headers["location"]
        await send(client, place, 0, BYTES[:10])
        held = media.state / "uploads" / "unfinished" / place.rsplit("/", 1)[-1]
        held.write_bytes(held.read_bytes() + b"torn")
        await send(client, place, 10, BYTES[10:])
    assert list(media.originals.held.values()) == [BYTES]


async def test_a_full_disk_is_507_and_the_offset_says_what_is_really_there(
    media: MediaApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 8."""
    async with media.client() as client:
        place = (await create(client)).headers["location"]
        await send(client, place, 0, BYTES[:10])
        with monkeypatch.context() as patched:

            def full(*_: Any) -> None:
                raise OSError(28, "No space left on device")

            patched.setattr("intake_media.adapters.upload_folder._append", full)
            assert (await send(client, place, 10, BYTES[10:])).status_code == 507
        assert (await client.head(place, headers=TUS)).headers["upload-offset"] == "10"
        assert (await send(client, place, 10, BYTES[10:])).status_code == 204
    assert list(media.originals.held.values()) == [BYTES]


async def test_a_completion_that_failed_for_a_moment_is_taken_up_by_asking_for_the_receipt(media: MediaApp) -> None:
    async with media.client() as client:
        place = (await create(client)).headers["location"]
        media.originals.fail_next = Unavailable()
        assert (await send(client, place, 0, BYTES)).status_code == 503
        answer = await client.get(place + "/receipt")
    assert answer.status_code == 200
    assert list(media.recordings.rows) == [answer.json()["suggestion_id"]]


async def test_what_is_no_recording_is_refused_at_its_end_and_forgotten(tmp_path: Path) -> None:
    media = MediaApp(tmp_path, probe=FakeProbe(code="not-media"))
    async with media.client() as client:
        place = (await create(client)).headers["location"]
        assert (await send(client, place, 0, BYTES)).status_code == 415
        assert (await client.head(place, headers=TUS)).status_code == 404
        assert (await client.get(place + "/receipt")).status_code == 404
    assert [path for path in media.left_over() if ".locks" not in path.parts] == []


async def test_an_upload_that_is_not_the_one_of_its_hash_is_refused_at_its_end_and_forgotten(media: MediaApp) -> None:
    async with media.client() as client:
        for said, status in ((b"another", 400), (BYTES, 204)):
            named = metadata(sha256=hashlib.sha256(said).hexdigest())
            place = (await create(client, **{"Upload-Metadata": named})).headers["location"]
            answer = await send(client, place, 0, BYTES)
            assert answer.status_code == status
            assert (await client.head(place, headers=TUS)).status_code == (200 if status == 204 else 404)
    assert len(media.recordings.rows) == 1


async def test_uploads_of_each_channel_are_counted_apart(tmp_path: Path) -> None:
    media = MediaApp(tmp_path, probe=FakeProbe(), rate_limits="on")
    voice = {"Upload-Metadata": metadata(channel="voice")}
    async with media.client() as client:
        films = [(await create(client)).status_code for _ in range(31)]
        assert films == [201] * 30 + [429]
        assert (await create(client, **voice)).status_code == 201


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upload-Metadata": metadata(filename=None)}, 422),
        ({"Upload-Metadata": metadata(channel="fax")}, 422),
        ({"Upload-Metadata": metadata(submission='{"colour": 1}')}, 422),
        ({"Upload-Metadata": metadata(submission="{")}, 400),
        ({"Upload-Metadata": metadata(sha256="f00")}, 422),
        ({"Upload-Length": str(300 * 1024 * 1024 + 1)}, 413),
        ({"Upload-Length": str(31 * 1024 * 1024), "Upload-Metadata": metadata(channel="voice")}, 413),
        ({"Upload-Concat": "partial"}, 400),
        ({"Upload-Defer-Length": "1"}, 400),
        ({"Tus-Resumable": "0.2"}, 412),
        ({"Origin": "https://evil.example"}, 403),
    ],
)
async def test_what_would_be_refused_at_the_end_is_refused_at_the_start(
    media: MediaApp, headers: dict[str, str], status: int
) -> None:
    async with media.client() as client:
        assert (await create(client, **headers)).status_code == status
    assert media.left_over() == []


async def test_a_body_with_the_creation_is_refused_unread(media: MediaApp) -> None:
    async with media.client() as client:
        given = {**TUS, "Upload-Length": "5", "Upload-Metadata": metadata()}
        assert (await client.post(PATH, headers=given, content=b"hello")).status_code == 400


async def test_the_address_of_an_upload_is_our_public_one_whatever_the_request_claims(media: MediaApp) -> None:
    async with media.client() as client:
        answer = await create(client, **{"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "ftp", "Origin": WEB})
    assert answer.headers["location"].startswith(f"{MEDIA}{PATH}/")
    assert "Location" in answer.headers["access-control-expose-headers"]


async def test_a_browser_may_ask_for_what_the_server_can(media: MediaApp) -> None:
    async with media.client() as client:
        answer = await client.options(PATH)
    assert (answer.status_code, answer.headers["tus-extension"]) == (204, "creation,expiration,termination")


async def test_unknown_uploads_are_404_by_every_method(media: MediaApp) -> None:
    async with media.client() as client:
        for name in ("0" * 32, ".locks", "..%2f..%2fetc"):
            assert (await client.get(f"{PATH}/{name}/receipt")).status_code == 404
            assert (await client.head(f"{PATH}/{name}", headers=TUS)).status_code in (400, 404)


async def test_an_upload_can_be_given_up(media: MediaApp) -> None:
    async with media.client() as client:
        place = (await create(client)).headers["location"]
        assert (await client.delete(place, headers=TUS)).status_code == 204
        assert (await client.head(place, headers=TUS)).status_code == 404


async def test_uploads_that_nobody_finishes_expire(media: MediaApp) -> None:
    async with media.client() as client:
        place = (await create(client)).headers["location"]
    folder = UploadFolder(media.state / "uploads" / "unfinished")
    assert await folder.expire() == 0
    held = folder.file(place.rsplit("/", 1)[-1])
    long_ago = time.time() - KEPT_UNFINISHED_S - 60
    os.utime(held, (long_ago, long_ago))
    assert await folder.expire() == 1
    assert not held.exists()
