"""Tracking by code, the tracking page, and the resident's word on a transcript."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from intake_web.adapters.changes import LocalChanges
from intake_web.handlers.project import Project
from shared.contracts.envelope import Event
from shared.contracts.recordings import RecordingCopied, RecordingReceived
from shared.contracts.suggestions import MediaRef, SuggestionCorrected, SuggestionSubmitted, Transcript
from shared.receipts import Receipts
from tests.support.intake import KEY, MEDIA, Hall
from tests.support.notices import assigned

SUGGESTION = "01M86AJNTG55GJ3BFBF75J317V"
NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
TOKEN = Receipts(KEY).token(SUGGESTION)


@pytest.fixture
def hall() -> Hall:
    return Hall()


@pytest.fixture
async def client(hall: Hall) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=hall.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://jianyi.test") as client:
        yield client


async def project(hall: Hall, *events: Any) -> None:
    handle = Project(hall.tracking, Receipts(KEY), LocalChanges())
    for number, data in enumerate(events):
        await handle(
            Event(
                id=f"E{number}",
                type=data.type_name,
                source="tests",
                subject=data.suggestion_id,
                time=NOW.replace(minute=number),
                data=data,
            )
        )


def media() -> MediaRef:
    return MediaRef(role="audio", uri="file:///x", sha256="0" * 64, size_bytes=1, media_type="audio/webm")


def heard(text: str = "早市占道") -> SuggestionSubmitted:
    segments: list[Any] = [{"start_s": 0, "end_s": 2.5, "text": text, "confidence": 0.4}] if text else []
    verdict = "doubtful" if text else "no-speech"
    return SuggestionSubmitted(
        suggestion_id=SUGGESTION,
        channel="voice",
        received_at=NOW,
        text=text,
        transcript=Transcript.model_validate({"verdict": verdict, "segments": segments}),
        media=[media()],
        contact_id="contact-x",
    )


async def test_a_text_can_be_tracked_at_once_before_any_event_came_round(
    client: httpx2.AsyncClient, hall: Hall
) -> None:
    receipt = (await client.post("/api/v1/suggestions", json={"text": "建议增设红绿灯"})).json()
    assert not hall.tracking.facts
    answer = await client.post("/api/v1/tracking", json={"query_code": receipt["query_code"]})
    body = answer.json()
    assert (answer.status_code, body["state"], body["suggestion_id"]) == (200, "received", receipt["suggestion_id"])
    [step] = body["steps"]
    assert set(step) == {"at", "type", "text"}


@pytest.mark.parametrize("spoken", [str.lower, lambda code: code.replace("-", " "), lambda code: code.replace("-", "")])
async def test_a_code_is_found_however_it_is_typed(client: httpx2.AsyncClient, spoken: Any) -> None:
    receipt = (await client.post("/api/v1/suggestions", json={"text": "建议增设红绿灯"})).json()
    answer = await client.post("/api/v1/tracking", json={"query_code": spoken(receipt["query_code"])})
    assert answer.status_code == 200


async def test_unknown_and_malformed_codes_are_answered_alike(client: httpx2.AsyncClient) -> None:
    answers = [
        await client.post("/api/v1/tracking", json={"query_code": code})
        for code in ("AAAA-BBBB-CCCC-DDDD", "", "x", "💥", "A" * 200)
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1


async def test_the_whole_case_is_in_the_answer(client: httpx2.AsyncClient, hall: Hall) -> None:
    await project(hall, heard(), assigned(SUGGESTION))
    code = Receipts(KEY).query_code(SUGGESTION)
    body = (await client.post("/api/v1/tracking", json={"query_code": code})).json()
    assert body["state"] == "assigned"
    assert set(body["unit"]) == {"id", "name"}
    assert set(body["due"]) == {"date", "computation"}
    assert body["transcript"]["text"] == "早市占道"
    assert body["transcript"]["verdict"] == "doubtful"
    assert body["transcript"]["segments"][0]["confidence"] == 0.4
    assert "decision" not in str(body)
    assert "contact-x" not in str(body)


async def test_a_recording_is_being_transcribed_until_its_text_comes(client: httpx2.AsyncClient, hall: Hall) -> None:
    received = RecordingReceived(
        suggestion_id=SUGGESTION, recording_id="R1", channel="voice", media=media(), received_at=NOW
    )
    await project(hall, received)
    code = Receipts(KEY).query_code(SUGGESTION)
    body = (await client.post("/api/v1/tracking", json={"query_code": code})).json()
    assert (body["state"], body["channel"]) == ("transcribing", "voice")


async def test_steps_are_told_in_the_readers_language(client: httpx2.AsyncClient) -> None:
    receipt = (await client.post("/api/v1/suggestions", json={"text": "建议"})).json()
    said = {}
    for language in ("en", "zh-CN"):
        answer = await client.post(
            "/api/v1/tracking", json={"query_code": receipt["query_code"]}, headers={"accept-language": language}
        )
        said[language] = answer.json()["steps"][0]["text"]
    assert said == {"en": "Your suggestion has arrived.", "zh-CN": "您的建议已收到。"}


async def test_the_page_of_a_link_is_never_stored_nor_named_to_others(client: httpx2.AsyncClient, hall: Hall) -> None:
    token = Receipts(KEY).token(SUGGESTION)
    before = await client.get(f"/t/{token}")
    assert before.status_code == 200
    assert "已收到" in before.text
    await project(hall, heard("<script>alert(1)</script>"))
    page = await client.get(f"/t/{token}")
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert" in page.text
    assert "40%" in page.text


@pytest.mark.parametrize("token", ["x", "A" * 46, "A" * 47, "../etc", "%00", "é"])
async def test_a_forged_link_leads_nowhere(client: httpx2.AsyncClient, token: str) -> None:
    for path in (f"/t/{token}", f"/t/{token}/events", f"/receipt/{token}"):
        answer = await client.get(path, headers={"accept": "text/html"})
        assert answer.status_code == 404


async def test_a_correction_is_published_once_and_by_either_key(client: httpx2.AsyncClient, hall: Hall) -> None:
    await project(hall, heard())
    receipts = Receipts(KEY)
    body = {"token": receipts.token(SUGGESTION), "text": "早市占道经营"}
    for _ in range(2):
        answer = await client.post("/api/v1/tracking/correction", json=body)
        assert (answer.status_code, answer.json()["confirmed"]) == (202, False)
    assert [one.text for one in hall.acts.corrections.values()] == ["早市占道经营"]
    by_code = {"query_code": receipts.query_code(SUGGESTION), "confirmed": True}
    answer = await client.post("/api/v1/tracking/correction", json=by_code)
    assert (answer.json()["text"], answer.json()["confirmed"]) == ("早市占道", True)


@pytest.mark.parametrize(
    ("heard_text", "body", "code"),
    [
        ("早市", {"text": " "}, "blank"),
        ("早市", {"text": "长" * 20_001}, "string_too_long"),
        ("", {"confirmed": True}, "blank"),
        (None, {"confirmed": True}, "no-transcript"),
    ],
)
async def test_a_correction_that_says_nothing_is_refused(
    client: httpx2.AsyncClient, hall: Hall, heard_text: str | None, body: dict[str, Any], code: str
) -> None:
    if heard_text is not None:
        await project(hall, heard(heard_text))
    answer = await client.post("/api/v1/tracking/correction", json={"token": Receipts(KEY).token(SUGGESTION), **body})
    assert (answer.status_code, answer.json()["type"].rsplit(":", 1)[-1]) == (422, code)
    assert not hall.acts.corrections


async def test_a_correction_names_its_suggestion(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/api/v1/tracking/correction", json={"text": "早市"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/query_code")


def film(*roles: str) -> list[MediaRef]:
    return [
        MediaRef(role=role, uri=f"file:///{role}", sha256="0" * 64, size_bytes=1, media_type="video/mp4")
        for role in roles
    ]


def copied(*roles: str) -> RecordingCopied:
    return RecordingCopied(suggestion_id=SUGGESTION, recording_id=SUGGESTION, channel="video", media=film(*roles))


async def test_a_film_plays_with_captions_as_soon_as_its_copy_is_there(client: httpx2.AsyncClient, hall: Hall) -> None:
    said = heard().model_copy(update={"channel": "video", "media": film("original", "captions", "poster")})
    await project(hall, said)
    before = (await client.get(f"/t/{TOKEN}")).text
    assert "<video" not in before
    assert "可播放的副本做好后" in before
    await project(hall, said, copied("key-frame", "web-copy"))
    answer = await client.get(f"/t/{TOKEN}")
    base = f"{MEDIA}/media/{TOKEN}"
    assert (
        f'<video id="recording" controls preload="metadata" src="{base}/web-copy" poster="{base}/poster"' in answer.text
    )
    assert (
        f'crossorigin="anonymous"><track kind="captions" srclang="zh-CN" label="中文" src="{base}/captions"'
        in answer.text
    )
    assert f"media-src 'self' blob: {MEDIA};" in answer.headers["content-security-policy"]
    assert "/original" not in answer.text


async def test_the_copy_may_be_announced_before_the_words(client: httpx2.AsyncClient, hall: Hall) -> None:
    await project(hall, copied("audio"), heard().model_copy(update={"media": film("original")}))
    assert f'src="{MEDIA}/media/{TOKEN}/audio"' in (await client.get(f"/t/{TOKEN}")).text


async def test_a_recording_that_could_not_be_decoded_promises_no_copy(client: httpx2.AsyncClient, hall: Hall) -> None:
    said = heard("").model_copy(update={"media": film("original"), "transcript": Transcript(verdict="unusable")})
    await project(hall, said)
    page = (await client.get(f"/t/{TOKEN}")).text
    assert "<audio" not in page
    assert "可播放的副本做好后" not in page


async def test_doubtful_words_are_marked_and_each_stretch_says_where_it_is(
    client: httpx2.AsyncClient, hall: Hall
) -> None:
    await project(hall, heard())
    page = (await client.get(f"/t/{TOKEN}")).text
    assert 'class="unsure" data-from="0.0" data-to="2.5"' in page
    assert "把握 40%" in page
    assert "听不太准的地方已标出" in page


@pytest.mark.parametrize(
    ("confirmed", "told"), [(False, "工作人员听录音更正了转写文字。"), (True, "工作人员听录音确认了转写文字。")]
)
async def test_a_clerks_text_is_shown_as_such_and_the_resident_may_still_speak(
    client: httpx2.AsyncClient, hall: Hall, confirmed: bool, told: str
) -> None:
    by_clerk = SuggestionCorrected(
        suggestion_id=SUGGESTION,
        text="早市占道经营",
        confirmed=confirmed,
        by="clerk",
        actor="clerk-7",
        corrected_at=NOW,
    )
    await project(hall, heard(), by_clerk)
    page = (await client.get(f"/t/{TOKEN}")).text
    assert "工作人员听过您的录音" in page
    assert "早市占道经营" in page
    assert told in page
    assert "clerk-7" not in page
    assert "您已确认或更正这段文字" not in page
    assert "/api/v1/tracking/correction" in page


async def test_while_a_recording_is_heard_the_page_asks_the_media_address_how_far_it_is(
    client: httpx2.AsyncClient, hall: Hall
) -> None:
    arrived = RecordingReceived(
        suggestion_id=SUGGESTION, recording_id=SUGGESTION, channel="voice", media=media(), received_at=NOW
    )
    await project(hall, arrived)
    page = (await client.get(f"/t/{TOKEN}")).text
    assert f'data-progress="{MEDIA}/media/{TOKEN}/progress"' in page
    assert "正在转写 {percent} %" in page
    await project(hall, arrived, heard())
    assert "data-progress" not in (await client.get(f"/t/{TOKEN}")).text
