"""`POST /api/v1/recordings` as pages and programs meet it."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from intake_media.domain.recording import RULES, ChannelRules
from intake_media.routes import multipart
from shared.errors import Unavailable
from tests.support.media_app import MEDIA, WEB, MediaApp, tone
from tests.support.media_stores import FakeProbe

PATH = "/api/v1/recordings"
FILE_PART = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
PAGE = {"Accept": "text/html,application/xhtml+xml", "Origin": WEB}


@pytest.fixture
def media(tmp_path: Path) -> MediaApp:
    return MediaApp(tmp_path, probe=FakeProbe())


async def post(media: MediaApp, data: dict[str, Any], *, file: Any = b"sound", headers: Any = None) -> Any:
    files = {"file": ("../../note.webm", file, "audio/webm")} if file is not None else {"none": ("", b"")}
    async with media.client() as client:
        return await client.post(PATH, data=data, files=files, headers=headers or {})


async def test_a_real_wav_is_probed_kept_and_answered_with_a_receipt(tmp_path: Path) -> None:
    media = MediaApp(tmp_path)
    answer = await post(media, {"channel": "voice", "submission": '{"text": "桥头"}'}, file=tone())
    assert answer.status_code == 202
    assert set(answer.json()) == {"suggestion_id", "query_code", "tracking_url", "received_at"}
    assert answer.headers["cache-control"] == "no-store"
    [row] = media.recordings.rows.values()
    assert (row.recording.original.media_type, row.recording.original.duration_s) == ("audio/wav", 1.0)
    assert media.originals.held[row.recording.original.uri] == tone()
    assert media.left_over() == []


@pytest.mark.parametrize("content", [b"just text", b"ffconcat version 1.0\nfile /etc/passwd\n", b"\x00" * 999])
async def test_what_is_no_recording_whatever_its_name_is_415_in_the_readers_language(
    tmp_path: Path, content: bytes
) -> None:
    media = MediaApp(tmp_path)
    for language, part in (("zh-CN", "录音或视频"), ("en", "not a sound or video recording")):
        answer = await post(media, {"channel": "video"}, file=content, headers={"Accept-Language": language})
        assert answer.status_code == 415
        assert answer.headers["content-type"] == "application/problem+json"
        assert part in answer.json()["detail"]
    assert media.left_over() == []


async def test_the_channel_may_stand_behind_the_file_and_fields_never_mingle_with_it(media: MediaApp) -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\nso\r\n--und\r\n'
        b'--b\r\nContent-Disposition: form-data; name="channel"\r\n\r\nvoice\r\n--b--\r\n'
    )
    async with media.client() as client:
        answer = await client.post(PATH, content=body, headers={"Content-Type": "multipart/form-data; boundary=b"})
    assert answer.status_code == 202
    assert list(media.originals.held.values()) == [b"so\r\n--und"]


@pytest.mark.parametrize(
    ("data", "status", "pointer", "code"),
    [
        ({}, 422, "/channel", "missing"),
        ({"channel": "fax"}, 422, "/channel", "literal_error"),
        ({"channel": "voice", "colour": "red"}, 422, "/colour", "extra_forbidden"),
        ({"channel": "voice", "submission": '{"colour": 1}'}, 422, "/submission/colour", "extra_forbidden"),
        ({"channel": "voice", "submission": '{"text": " "}'}, 422, "/submission/text", "blank"),
        ({"channel": "voice", "submission": "{"}, 400, "/submission", "unreadable-json"),
        ({"channel": "voice", "submission": '{"place": {"town": "火星"}}'}, 422, "/place/town", "unknown-town"),
        ({"channel": "voice", "town": "火星"}, 422, "/place/town", "unknown-town"),
        ({"channel": "voice", "identity": "secret"}, 422, "/identity", "literal_error"),
    ],
)
async def test_each_wrong_field_is_named(
    media: MediaApp, data: dict[str, str], status: int, pointer: str, code: str
) -> None:
    answer = await post(media, data)
    assert answer.status_code == status
    assert (answer.json()["errors"][0]["pointer"], answer.json()["errors"][0]["code"]) == (pointer, code)
    assert media.recordings.rows == {}


async def test_a_form_without_a_file_is_422_and_an_empty_file_415(media: MediaApp) -> None:
    answer = await post(media, {"channel": "voice"}, file=None)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/none")
    body = (
        b'--b\r\nContent-Disposition: form-data; name="channel"\r\n\r\nvoice\r\n'
        b'--b\r\nContent-Disposition: form-data; name="file"; filename=""\r\n\r\n\r\n--b--\r\n'
    )
    async with media.client() as client:
        answer = await client.post(PATH, content=body, headers={"Content-Type": "multipart/form-data; boundary=b"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/file")
    assert (await post(media, {"channel": "voice"}, file=b"")).status_code == 415


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "application/json", 415),
        (b"x", "multipart/form-data", 415),
        (b"no boundary here", "multipart/form-data; boundary=b", 400),
        (
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\nha',
            "multipart/form-data; boundary=b",
            400,
        ),
    ],
)
async def test_other_bodies_and_forms_that_break_off_are_refused(
    media: MediaApp, body: bytes, kind: str, status: int
) -> None:
    async with media.client() as client:
        answer = await client.post(PATH, content=body, headers={"Content-Type": kind})
    assert answer.status_code == status
    assert media.left_over() == []


async def test_too_large_is_413_by_the_declared_length_by_the_bytes_and_by_the_channel(
    media: MediaApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    for lane, size in (("voice", 1_000), ("video", 5_000)):
        rules = ChannelRules(max_bytes=size, media=RULES[lane].media)
        monkeypatch.setitem(RULES, lane, rules)
    assert (await post(media, {"channel": "video"}, file=b"s" * 4_000)).status_code == 202
    of_channel = await post(media, {"channel": "voice"}, file=b"s" * 4_000)
    by_bytes = await post(media, {"channel": "video"}, file=b"s" * 6_000)
    monkeypatch.setattr(multipart, "FORM_OVERHEAD_BYTES", 10)
    by_length = await post(media, {"channel": "video"}, file=b"s" * 9_000)
    assert [answer.status_code for answer in (of_channel, by_bytes, by_length)] == [413, 413, 413]
    assert len(media.recordings.rows) == 1
    assert media.left_over() == []


async def test_a_full_disk_is_507_and_leaves_no_piece_behind(media: MediaApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 8."""

    def full(_handle: int, _data: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    answer = await post(media, {"channel": "voice"})
    assert answer.status_code == 507
    assert media.left_over() == []


async def test_a_database_that_is_away_is_503_with_a_time_to_come_back(media: MediaApp) -> None:
    media.recordings.fail_next = Unavailable()
    answer = await post(media, {"channel": "voice"})
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0


async def test_the_same_key_gives_the_same_receipt_and_another_body_is_422(media: MediaApp) -> None:
    key = {"Idempotency-Key": "k"}
    first = await post(media, {"channel": "voice"}, headers=key)
    again = await post(media, {"channel": "voice"}, headers=key)
    other = await post(media, {"channel": "voice"}, file=b"another", headers=key)
    assert again.json() == first.json()
    assert (other.status_code, other.json()["type"]) == (422, "urn:minsheng:problem:idempotency-key-reused")


async def test_a_page_without_javascript_is_sent_on_to_its_receipt(media: MediaApp) -> None:
    fields = {
        "channel": "voice",
        "idempotency_key": "of-the-page",
        "lang": "en",
        "text": "第一行\r\n第二行",
        "town": "",
        "place_text": "桥头",
        "email": "li@example.org",
        "identity": "sealed",
        "on_behalf": "true",
    }
    answer = await post(media, fields, headers=PAGE)
    assert answer.status_code == 303
    [row] = media.recordings.rows.values()
    token = answer.headers["location"].removeprefix(f"{WEB}/receipt/")
    assert len(token) > 40
    assert row.recording.written == "第一行\n第二行"
    assert row.recording.place is not None
    assert (row.recording.place.town, row.recording.place.text) == (None, "桥头")
    assert (row.recording.identity, row.recording.on_behalf) == ("sealed", True)
    [held] = media.contacts.held.values()
    assert (held["email"], held["language"]) == ("li@example.org", "en")
    assert (await post(media, fields, headers=PAGE)).headers["location"] == answer.headers["location"]


async def test_a_page_without_javascript_reads_its_error_as_a_page(media: MediaApp) -> None:
    answer = await post(media, {"channel": "voice"}, file=b"", headers={**PAGE, "Accept-Language": "zh"})
    assert answer.status_code == 415
    assert answer.headers["content-type"].startswith("text/html")
    assert "文件是空的" in answer.text
    wrong = await post(media, {"channel": "voice", "text": "字" * 20_001}, headers=PAGE)
    assert (wrong.status_code, "20000" in wrong.text or "太长" in wrong.text or "过长" in wrong.text) == (422, True)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": WEB}, 202),
        ({"Origin": MEDIA}, 202),
        ({}, 202),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
async def test_only_our_own_pages_and_programs_may_send(media: MediaApp, headers: dict[str, str], status: int) -> None:
    assert (await post(media, {"channel": "voice"}, headers=headers)).status_code == status


async def test_the_browser_is_told_that_our_site_may_call_and_no_other(media: MediaApp) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "idempotency-key"}
    async with media.client() as client:
        ours = await client.options(PATH, headers={**asked, "Origin": WEB})
        foreign = await client.options(PATH, headers={**asked, "Origin": "https://evil.example"})
    assert ours.headers["access-control-allow-origin"] == WEB
    assert "idempotency-key" in ours.headers["access-control-allow-headers"].lower()
    assert "access-control-allow-origin" not in foreign.headers


async def test_too_many_uploads_of_one_address_are_429_and_a_flood_of_films_stops_no_voice(tmp_path: Path) -> None:
    media = MediaApp(tmp_path, probe=FakeProbe(), rate_limits="on")
    films = [(await post(media, {"channel": "video"})).status_code for _ in range(31)]
    assert films == [202] * 30 + [429]
    voices = [(await post(media, {"channel": "voice"})).status_code for _ in range(121)]
    assert voices == [202] * 120 + [429]


async def test_calls_that_name_no_channel_have_a_window_too(tmp_path: Path) -> None:
    media = MediaApp(tmp_path, probe=FakeProbe(), rate_limits="on")
    statuses = [(await post(media, {"channel": "fax"})).status_code for _ in range(61)]
    assert statuses == [422] * 60 + [429]


async def test_a_file_that_is_not_the_one_of_its_hash_is_400_and_nothing_is_kept(media: MediaApp) -> None:
    spoilt = await post(media, {"channel": "voice", "sha256": hashlib.sha256(b"sounds").hexdigest()})
    assert (spoilt.status_code, spoilt.json()["type"]) == (400, "urn:minsheng:problem:hash-mismatch")
    assert "重新提交" in spoilt.json()["detail"]
    assert (media.recordings.rows, media.originals.held, media.left_over()) == ({}, {}, [])
    strange = await post(media, {"channel": "voice", "sha256": "f00"})
    assert (strange.status_code, strange.json()["errors"][0]["pointer"]) == (422, "/sha256")
    whole = await post(media, {"channel": "voice", "sha256": hashlib.sha256(b"sound").hexdigest().upper()})
    assert whole.status_code == 202


async def test_the_queue_and_the_api_description_are_served(media: MediaApp) -> None:
    async with media.client() as client:
        queue = (await client.get("/internal/queue")).json()
        described = (await client.get("/openapi.json")).json()
    assert queue == {lane: {"waiting": 0, "oldest_age_s": 0.0, "in_hand": []} for lane in ("voice", "video")}
    assert set(described["paths"]) == {PATH, "/api/v1/uploads/{upload_id}/receipt"}
