"""Originals in a real folder store: durable, checked, read by ranges, and swept when nothing names them."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from intake_media.adapters.originals import BlobOriginals
from intake_media.handlers.sweep import Sweep
from shared.clock import SystemClock
from shared.errors import PermanentError
from shared.storage.blobs import CHUNK, MULTIPART_FROM, Blobs
from tests.support.clock import FrozenClock
from tests.support.media_stores import FakeRecordings, Row, recording_of

BYTES = os.urandom(MULTIPART_FROM + 1_000)


@pytest.fixture
def originals(tmp_path: Path) -> BlobOriginals:
    return BlobOriginals(Blobs((tmp_path / "blobs").as_uri()))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "note"
    path.write_bytes(BYTES)
    return path


async def keep(originals: BlobOriginals, file: Path, key: str = "recordings/2026-11-24/S/original"):
    return await originals.keep(key, file, role="original", media_type="audio/webm", duration_s=6.0)


async def test_what_is_kept_comes_back_as_it_was(originals: BlobOriginals, file: Path, tmp_path: Path) -> None:
    media = await keep(originals, file)
    assert (media.size_bytes, media.duration_s, media.role) == (len(BYTES), 6.0, "original")
    back = tmp_path / "back"
    await originals.fetch(media, back, max_bytes=len(BYTES))
    assert back.read_bytes() == BYTES


@pytest.mark.parametrize(
    ("changes", "max_bytes", "code"),
    [
        ({"sha256": "0" * 64}, 1 << 30, "hash-mismatch"),
        ({}, 100, "too-large"),
        ({"uri": "file:///etc/passwd"}, 1 << 30, "foreign-uri"),
        ({"uri": "https://evil.example/x"}, 1 << 30, "foreign-uri"),
    ],
)
async def test_another_file_than_the_claim_check_says_is_refused(
    originals: BlobOriginals, file: Path, tmp_path: Path, changes: dict[str, str], max_bytes: int, code: str
) -> None:
    media = (await keep(originals, file)).model_copy(update=changes)
    with pytest.raises(PermanentError) as caught:
        await originals.fetch(media, tmp_path / "back", max_bytes=max_bytes)
    assert caught.value.code == code


async def test_a_file_that_is_gone_is_said(originals: BlobOriginals, file: Path, tmp_path: Path) -> None:
    media = await keep(originals, file)
    await originals.discard(media)
    with pytest.raises(PermanentError) as caught:
        await originals.fetch(media, tmp_path / "back", max_bytes=1 << 30)
    assert caught.value.code == "original-missing"


async def test_a_range_over_several_pieces_is_whole(originals: BlobOriginals, file: Path) -> None:
    media = await keep(originals, file)
    read = b"".join([piece async for piece in originals.read(media, start=5, end=CHUNK + 500)])
    assert read == BYTES[5 : CHUNK + 500]


async def test_files_that_no_recording_names_are_swept_and_all_others_stay(
    originals: BlobOriginals, file: Path
) -> None:
    clock = FrozenClock(SystemClock().now())
    day = clock.now().date().isoformat()
    named = await keep(originals, file, f"recordings/{day}/NAMED/original")
    torn = await keep(originals, file, f"recordings/{day}/NAMED/audio.m4a-1")
    orphan = await keep(originals, file, f"recordings/{day}/ORPHAN/original")
    recordings = FakeRecordings()
    recordings.rows["NAMED"] = Row(recording_of("NAMED", original=named), "i", "b", ())
    sweep = Sweep(recordings, originals, clock)
    assert await sweep() == 0
    clock.advance(timedelta(days=1, hours=1).total_seconds())
    assert await sweep() == 2
    left = {uri async for _, uri in originals.of_day(clock.now().date() - timedelta(days=1), before=clock.now())}
    assert left == {named.uri}
    assert not left & {torn.uri, orphan.uri}


async def test_a_large_file_is_stored_in_pieces_and_storing_it_again_keeps_the_first(tmp_path: Path) -> None:
    """Peak memory of a process that stores 160 MB; a put in one piece would take all of it."""
    script = """
import asyncio, pathlib, resource, sys
from shared.storage.blobs import Blobs
big = pathlib.Path(sys.argv[1]) / "big"
with big.open("wb") as held: held.truncate(160 << 20)
async def main():
    blobs = Blobs((big.parent / "blobs").as_uri())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    first, second = await blobs.put_file("a/b", big), await blobs.put_file("a/b", big)
    assert first == second
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 100
