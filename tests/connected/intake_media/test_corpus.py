"""More than eighty hostile or broken uploads through the real probe and decoder: refused or flagged, bounded, alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from intake_media.adapters.decoding import LibavDecoder
from intake_media.adapters.media_reader import MediaReader
from intake_media.adapters.pictures import FfmpegPictures
from intake_media.adapters.probing import LibavProbe
from intake_media.adapters.sandbox import Sandbox
from tests.support.corpus_run import LIMITS, treat, workshop
from tests.support.media_corpus import OK, Upload, Workshop, corpus, png

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """A neighbour's recording lies beside it, and nobody must call."""
    with workshop(tmp_path_factory.mktemp("workshop")) as made:
        yield made


@pytest.fixture(scope="module")
def uploads(shop: Workshop) -> list[Upload]:
    """The whole corpus, made once."""
    return list(corpus(shop))


@pytest.mark.timeout(600)
async def test_every_upload_is_refused_or_flagged_within_its_limits(
    uploads: list[Upload], reader: MediaReader, tmp_path: Path
) -> None:
    seen, wrong, peak = 0, [], 0
    path = tmp_path / "alone" / "original"
    path.parent.mkdir()
    for upload in uploads:
        seen += 1
        started = time.process_time()
        task = asyncio.create_task(treat(upload, path, reader))
        while not task.done():
            peak = max(peak, _children_rss())
            await asyncio.wait([task], timeout=0.05)
        treated = await task
        if not treated.codes & upload.may:
            wrong.append(f"{upload.name}: {sorted(treated.codes)} is none of {sorted(upload.may)}")
        if treated.holds_the_neighbours_sound:
            wrong.append(f"{upload.name}: the neighbour's recording was read")
        assert time.process_time() - started < 20, f"{upload.name} cost the worker itself too much"
    assert wrong == []
    assert seen >= 80
    assert peak < 1_200 * 1024 * 1024
    assert reader.starts == 1, "a file cost the reading process its life"


def _children_rss() -> int:
    total = 0
    for child in psutil.Process().children(recursive=True):
        try:
            total += child.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def test_the_report_has_a_line_for_every_file(uploads: list[Upload]) -> None:
    told = (ROOT / "tests/hostile/README.md").read_text(encoding="utf-8")
    assert [upload.name for upload in uploads if f" | {upload.name} | " not in told] == []


@pytest.mark.parametrize(
    "suffix", ["wav", "mp3", "m4a", "mp4", "mov", "ogg", "opus", "webm", "mkv", "flac", "aac", "ts"]
)
async def test_every_kind_of_recording_is_decoded_whole(
    shop: Workshop, reader: MediaReader, tmp_path: Path, suffix: str
) -> None:
    treated = await treat(
        Upload(f"x.{suffix}", shop.made(suffix), frozenset()),
        tmp_path / "original",
        reader,
    )
    assert treated.codes == {OK}
    assert treated.samples is not None
    assert len(treated.samples) / 16_000 == pytest.approx(8.0, abs=0.3)


@pytest.mark.parametrize(
    ("name", "options"), [("stereo", ("-af", "pan=stereo|c0=c0|c1=-1*c0")), ("surround", ("-af", "pan=5.1|LFE=c0"))]
)
async def test_sound_that_the_mix_loses_is_found_in_a_channel(
    shop: Workshop, reader: MediaReader, tmp_path: Path, name: str, options: tuple[str, ...]
) -> None:
    path = tmp_path / "original"
    path.write_bytes(shop.made("wav", *options))
    info = await LibavProbe(reader).probe(path)
    decoder = LibavDecoder(reader)
    mixed = await decoder.decode(path, info, LIMITS)
    assert np.abs(mixed.samples).max() < 0.01, name
    views = [float(np.abs(view.samples).max()) async for view in decoder.other_views(path, info, LIMITS)]
    assert max(views) > 0.2


async def test_a_silent_first_track_does_not_hide_the_second(
    shop: Workshop, reader: MediaReader, tmp_path: Path
) -> None:
    path = tmp_path / "original"
    silence = ("-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono")
    path.write_bytes(
        shop.made("mkv", "-map", "0:a", "-map", "1:a", "-t", "8", inputs=(*silence, "-i", str(shop.voice)))
    )
    info = await LibavProbe(reader).probe(path)
    assert len(info.audio) == 2
    views = [float(np.abs(view.samples).max()) async for view in LibavDecoder(reader).other_views(path, info, LIMITS)]
    assert max(views) > 0.2


async def test_pictures_of_a_video_carry_no_place_and_no_title(
    shop: Workshop, reader: MediaReader, tmp_path: Path
) -> None:
    path = tmp_path / "original"
    given = ("-f", "lavfi", "-i", "testsrc=s=1280x720:r=5:d=4", "-i", str(shop.voice))
    secret = ("-metadata", "location=+31.2304+121.4737/", "-metadata", "title=geheim", "-movflags", "use_metadata_tags")
    path.write_bytes(shop.made("mp4", "-t", "4", *secret, inputs=given))
    assert b"geheim" in path.read_bytes()
    info = await LibavProbe(reader).probe(path)
    pictures, copy = FfmpegPictures(Sandbox(tmp_path / "jobs")), tmp_path / "copy.mp4"
    poster = await pictures.poster(path, info)
    frames = await pictures.key_frames(path, info, count=3)
    assert await pictures.web_copy(path, info, copy, max_duration_s=600)
    assert poster is not None
    assert len(frames) == 3
    for made in (poster, *frames, copy.read_bytes()):
        assert b"geheim" not in made
        assert b"31.2304" not in made
    assert poster.startswith(b"\xff\xd8")
    again = await LibavProbe(reader).probe(copy)
    assert (again.container, again.video[0].codec, again.audio[0].codec) == ("mov", "h264", "aac")


async def test_a_frame_that_would_cost_a_gigabyte_is_not_decoded(
    shop: Workshop, reader: MediaReader, tmp_path: Path
) -> None:
    path = tmp_path / "original"
    picture = tmp_path / "large.png"
    picture.write_bytes(png(5000, 3000))
    path.write_bytes(shop.made("mkv", "-c:v", "mjpeg", "-t", "1", inputs=("-i", str(picture), "-i", str(shop.voice))))
    info = await LibavProbe(reader).probe(path)
    assert info.video[0].width == 5000
    assert await FfmpegPictures(Sandbox(tmp_path / "jobs")).poster(path, info) is None
