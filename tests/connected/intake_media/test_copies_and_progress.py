"""What a stored recording says of its progress and copies, on the real database; what is made for those who listen."""

from __future__ import annotations

from pathlib import Path

import pytest

from intake_media.adapters.derivation import FfmpegDerivation
from intake_media.adapters.job_queue import MongoJobs
from intake_media.adapters.media_reader import MediaReader
from intake_media.adapters.probing import LibavProbe
from intake_media.adapters.recording_store import MongoRecordings
from intake_media.adapters.sandbox import Sandbox
from intake_media.domain.recording_events import received_event
from intake_media.domain.transcript import Transcript
from shared.clock import SystemClock
from shared.contracts.suggestions import MediaRef, Segment, Verdict
from shared.storage.mongo import Mongo
from tests.support.corpus_run import workshop
from tests.support.media_stores import recording_of

SUGGESTION = recording_of().suggestion_id
CLEAR = Transcript(verdict="clear", text="路灯坏了。", duration_s=8)


def sound(role: str = "audio") -> MediaRef:
    return MediaRef(role=role, uri=f"file:///b/{role}", sha256="0" * 64, size_bytes=1, media_type="audio/mp4")


@pytest.fixture
async def store(mongo: Mongo) -> MongoRecordings:
    """With one recording that waits."""
    made = MongoRecordings(mongo.database("intake_media")["recordings"], SystemClock(), nudge=lambda _: None)
    await made.ensure_indexes()
    recording = recording_of()
    assert await made.insert(recording, identity="i", body_hash="b", events=[received_event(recording)])
    return made


@pytest.fixture
async def jobs(store: MongoRecordings, mongo: Mongo) -> MongoJobs:
    """Over the documents of `store`."""
    made = MongoJobs(mongo.database("intake_media")["recordings"], SystemClock(), wake=lambda: None)
    await made.ensure_indexes()
    return made


async def test_progress_is_kept_while_the_job_is_ours_and_gone_with_its_outcome(
    store: MongoRecordings, jobs: MongoJobs
) -> None:
    known = await store.find(SUGGESTION)
    assert known is not None
    assert (known.state, known.done, known.total) == ("waiting", 0, 0)
    assert await jobs.in_hand("voice") == []
    job = await jobs.claim("voice")
    assert job is not None
    await jobs.note_progress(job, 3, 8)
    known = await store.find(SUGGESTION)
    assert known is not None
    assert (known.state, known.done, known.total) == ("working", 3, 8)
    assert await jobs.in_hand("voice") == [(3, 8)]
    assert await jobs.in_hand("video") == []
    assert await jobs.finish(job, CLEAR, (), ())
    await jobs.note_progress(job, 4, 8)  # a straggler
    known = await store.find(SUGGESTION)
    assert known is not None
    assert (known.state, known.done, known.total) == ("done", 0, 0)
    assert await jobs.in_hand("voice") == []


async def test_copies_are_announced_once_they_exist(store: MongoRecordings, jobs: MongoJobs, mongo: Mongo) -> None:
    job = await jobs.claim("voice")
    assert job is not None
    assert await jobs.finish(job, CLEAR, (sound("captions"),), ())
    copying = await jobs.claim_copies("voice")
    assert copying is not None
    assert await jobs.finish_copies(copying, (sound(),))
    document = await mongo.database("intake_media")["recordings"].find_one({"_id": SUGGESTION})
    assert document is not None
    told = document["outbox"][-1]
    assert told["type"] == "recording.copied.v1"
    assert [one["role"] for one in told["data"]["media"]] == ["audio"]
    assert told["causation_id"] == document["caused_by"]
    known = await store.find(SUGGESTION)
    assert known is not None
    assert [one.role for one in known.media] == ["original", "captions", "audio"]
    assert not await jobs.finish_copies(copying, (sound(),))


async def test_what_could_not_be_copied_is_not_announced(jobs: MongoJobs, mongo: Mongo) -> None:
    job = await jobs.claim("voice")
    assert job is not None
    assert await jobs.finish(job, CLEAR, (), ())
    copying = await jobs.claim_copies("voice")
    assert copying is not None
    assert await jobs.finish_copies(copying, ())
    document = await mongo.database("intake_media")["recordings"].find_one({"_id": SUGGESTION})
    assert document is not None
    assert [one["type"] for one in document["outbox"]] == ["recording.received.v1"]


async def test_a_doubtful_note_that_brings_its_sound_is_not_copied_again(jobs: MongoJobs) -> None:
    job = await jobs.claim("voice")
    assert job is not None
    assert await jobs.finish(job, Transcript(verdict="doubtful", text="路灯"), (sound(),), ())
    assert await jobs.claim_copies("voice") is None


@pytest.mark.parametrize(
    ("verdict", "roles"),
    [("clear", ["captions"]), ("doubtful", ["audio", "captions"]), ("no-speech", ["audio", "captions"])],
)
async def test_where_a_person_must_listen_the_sound_comes_with_the_text_and_without_its_place(
    tmp_path: Path, reader: MediaReader, verdict: Verdict, roles: list[str]
) -> None:
    secret = ("-metadata", "location=+31.2304+121.4737/", "-metadata", "title=geheim", "-movflags", "use_metadata_tags")
    path = tmp_path / "original"
    with workshop(tmp_path) as shop:
        path.write_bytes(shop.made("m4a", *secret))
    assert b"geheim" in path.read_bytes()
    sandbox = Sandbox(tmp_path / "jobs")
    info = await LibavProbe(reader).probe(path)
    heard = Transcript(
        verdict=verdict, segments=(Segment(start_s=0, end_s=2, text="路灯", confidence=0.4),), duration_s=8
    )
    made = await FfmpegDerivation(sandbox).with_transcript(path, info, heard, room=tmp_path)
    assert [one.role for one in made] == roles
    for one in made:
        contents = one.path.read_bytes()
        assert b"geheim" not in contents
        assert b"31.2304" not in contents
        if one.role == "audio":
            again = await LibavProbe(reader).probe(one.path)
            assert again.duration_s == pytest.approx(8, abs=0.3)
