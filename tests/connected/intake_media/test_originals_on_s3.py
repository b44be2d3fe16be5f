"""The same claim checks on an S3 (moto's server): kept, checked, read by ranges, listed, removed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from intake_media.adapters.originals import BlobOriginals
from shared.clock import SystemClock
from shared.errors import PermanentError
from shared.storage.blobs import CHUNK, MULTIPART_FROM, Blobs

pytestmark = pytest.mark.connected
BYTES = os.urandom(MULTIPART_FROM + 1_000)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ALLOW_HTTP": "true",
    }.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1").create_bucket(Bucket="minsheng")
    yield "s3://minsheng/media"
    server.stop()


async def test_a_recording_lives_on_s3_as_in_a_folder(s3: str, tmp_path: Path) -> None:
    originals, file, back = BlobOriginals(Blobs(s3)), tmp_path / "note", tmp_path / "back"
    file.write_bytes(BYTES)
    now = SystemClock().now()
    media = await originals.keep(
        f"recordings/{now:%Y-%m-%d}/S/original", file, role="original", media_type="audio/webm"
    )
    assert media.uri.startswith("s3://minsheng/media/recordings/")
    await originals.fetch(media, back, max_bytes=len(BYTES))
    assert back.read_bytes() == BYTES
    assert b"".join([piece async for piece in originals.read(media, start=3, end=CHUNK + 9)]) == BYTES[3 : CHUNK + 9]
    listed = [found async for found in originals.of_day(now.date(), before=now + timedelta(hours=1))]
    assert listed == [("S", media.uri)]
    await originals.discard(media)
    with pytest.raises(PermanentError) as caught:
        await originals.fetch(media, back, max_bytes=len(BYTES))
    assert caught.value.code == "original-missing"
