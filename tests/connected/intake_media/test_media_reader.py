"""The process that reads uploads: its jobs misbehave, it is lost, its owner is lost; and what libav may reach in it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import wave
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest

from intake_media.adapters import ffmpeg
from intake_media.adapters.libav_codes import DONE, NO_DECODER, NOT_OPENED
from intake_media.adapters.media_reader import MediaReader
from intake_media.adapters.probing import LibavProbe
from intake_media.adapters.sandbox import Limits, Outcome, Sandbox, without_network
from shared.errors import TransientError

MIB = 1024 * 1024
MISBEHAVING = "tests.support.misbehaving_jobs"
SAY_PID = "import os, time; os.write(1, b'%d' % os.getpid()); "

LOOKS_ROUND = """
import os, sys

def is_open(number):
    try:
        return bool(os.fstat(number))
    except OSError:
        return False

given = "/proc/self/environ"
raw = open(given, "rb").read() if os.path.exists(given) else b""
print(os.read(0, 4), os.getcwd(), sorted(os.environ), raw, end=" ")
print([number for number in range(3, 64) if is_open(number)], "numpy" in sys.modules, "shared" in sys.modules)
sys.stdout.flush()
"""


@pytest.fixture
async def spoilt(tmp_path: Path) -> AsyncIterator[MediaReader]:
    """A reader whose jobs do what the test says."""
    made = MediaReader(Sandbox(tmp_path / "jobs"), jobs=MISBEHAVING)
    yield made
    await made.close()


@pytest.fixture
def upload(tmp_path: Path) -> Path:
    path = tmp_path / "original"
    with wave.open(str(path), "wb") as held:
        held.setnchannels(1)
        held.setsampwidth(2)
        held.setframerate(16_000)
        held.writeframes(bytes(32_000))
    return path


async def run(reader: MediaReader, upload: Path, code: str, **limits: float) -> Outcome:
    given = Limits(**({"wall_s": 20.0, "cpu_s": 10} | limits))
    return await reader.run({"code": code}, upload, given)


async def soon(true: Callable[[], bool]) -> bool:
    for _ in range(100):
        if true():
            return True
        await asyncio.sleep(0.05)
    return False


def lives(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


async def test_a_job_has_its_file_its_pipes_and_nothing_else(
    spoilt: MediaReader, upload: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTACT_VAULT_KEY", "secret")
    said = (await run(spoilt, upload, LOOKS_ROUND)).stdout.decode()
    assert said.startswith("b'RIFF' ")
    assert "/jobs/job-" in said
    assert "CONTACT_VAULT_KEY" not in said
    assert "['LC_ALL', 'LD_BIND_NOW', 'PATH']" in said
    assert said.endswith(" [] False False\n")


async def test_a_job_that_spins_or_hangs_is_killed_with_its_children_and_the_others_go_on(
    spoilt: MediaReader, upload: Path
) -> None:
    hang = SAY_PID + "[os.fork() and 0 for _ in range(2)]; time.sleep(600)"
    spun, hung, fine = await asyncio.gather(
        run(spoilt, upload, "while True: pass", cpu_s=1),
        run(spoilt, upload, f"try:\n    {hang}\nexcept OSError: time.sleep(600)", wall_s=1.5),
        run(spoilt, upload, "import time; time.sleep(2); print('fine', flush=True)"),
    )
    assert spun.hit_a_limit
    assert not spun.timed_out
    assert hung.timed_out
    group = int(hung.stdout)
    assert not [one for one in psutil.process_iter() if lives(one.pid) and _group(one.pid) == group]
    assert fine.stdout == b"fine\n"
    assert spoilt.starts == 1


def _group(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return -1


async def test_a_crash_costs_one_job(spoilt: MediaReader, upload: Path) -> None:
    crashed = await run(spoilt, upload, "import os; os.write(2, b'last words'); os.abort()")
    assert (crashed.exit_code, crashed.stderr) == (-signal.SIGABRT, b"last words")
    assert crashed.hit_a_limit
    with pytest.raises(TransientError, match="ZeroDivisionError"):
        await run(spoilt, upload, "1 / 0")
    assert (await run(spoilt, upload, "result = 3")).exit_code == 3
    assert spoilt.starts == 1


async def test_memory_files_and_output_of_a_job_are_bounded(spoilt: MediaReader, upload: Path) -> None:
    eaten = await run(spoilt, upload, "x = bytearray(900_000_000)", memory_bytes=400 * MIB)
    assert eaten.exit_code != DONE
    for code in ("open('x', 'wb', buffering=0).write(b'x')", "held = [open('/dev/null') for _ in range(40)]"):
        with pytest.raises(TransientError, match="OSError"):
            await run(spoilt, upload, code)
    flood = await run(spoilt, upload, "import os\nfor _ in range(400): os.write(2, bytes(60_000))", output_bytes=5000)
    assert flood.exit_code == DONE
    assert len(flood.stderr) <= 64 * 1024
    assert spoilt.starts == 1


async def test_no_job_has_a_network(spoilt: MediaReader, upload: Path) -> None:
    if not without_network():
        pytest.skip("this machine permits no network namespaces")
    served = asyncio.Event()
    server = await asyncio.start_server(lambda reader, writer: served.set(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(TransientError, match="OSError"):
        await run(spoilt, upload, f"import socket; socket.create_connection(('127.0.0.1', {port}), 3)")
    server.close()
    assert not served.is_set()


async def test_cancelling_kills_the_job_alone(spoilt: MediaReader, upload: Path) -> None:
    await run(spoilt, upload, "")
    assert spoilt.pid is not None
    owner = psutil.Process(spoilt.pid)
    task = asyncio.create_task(run(spoilt, upload, "import time; time.sleep(600)"))
    assert await soon(lambda: bool(owner.children()))
    pid = owner.children()[0].pid
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not lives(pid)
    assert (await run(spoilt, upload, "result = 3")).exit_code == 3
    assert spoilt.starts == 1


async def test_a_killed_reader_is_replaced_with_the_next_job(spoilt: MediaReader, upload: Path) -> None:
    await run(spoilt, upload, "")
    assert spoilt.pid is not None
    os.kill(spoilt.pid, signal.SIGKILL)
    assert (await run(spoilt, upload, "result = 3")).exit_code == 3
    assert spoilt.starts == 2


async def test_a_job_whose_reader_is_lost_is_done_again_once(spoilt: MediaReader, upload: Path) -> None:
    task = asyncio.create_task(run(spoilt, upload, SAY_PID + "time.sleep(600)"))
    for start in (1, 2):
        assert await soon(lambda start=start: spoilt.starts == start and _busy(spoilt))
        job = psutil.Process(spoilt.pid).children()[0].pid
        os.kill(spoilt.pid or 0, signal.SIGKILL)
        assert await soon(lambda job=job: not lives(job))
    with pytest.raises(TransientError, match="lost twice"):
        await task
    assert (await run(spoilt, upload, "result = 3")).exit_code == 3
    assert spoilt.starts == 3


async def test_a_reader_that_answers_no_more_is_replaced_and_blames_no_file(spoilt: MediaReader, upload: Path) -> None:
    await run(spoilt, upload, "")
    stopped = spoilt.pid or 0
    os.kill(stopped, signal.SIGSTOP)
    assert (await run(spoilt, upload, "result = 3", wall_s=1.0)).exit_code == 3
    assert spoilt.starts == 2
    assert not lives(stopped)


def _busy(reader: MediaReader) -> bool:
    try:
        return reader.pid is not None and bool(psutil.Process(reader.pid).children())
    except psutil.NoSuchProcess:
        return False


async def test_reader_and_jobs_die_with_a_killed_owner(upload: Path) -> None:
    code = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from intake_media.adapters.media_reader import MediaReader\n"
        "from intake_media.adapters.sandbox import Limits, Sandbox\n"
        "async def main():\n"
        f"    reader = MediaReader(Sandbox(), jobs={MISBEHAVING!r})\n"
        f"    job = reader.run({{'code': 'import time; time.sleep(600)'}}, Path({str(upload)!r}), Limits())\n"
        "    task = asyncio.create_task(job)\n"
        "    while reader.pid is None: await asyncio.sleep(0.05)\n"
        "    print(reader.pid, flush=True)\n"
        "    await task\n"
        "asyncio.run(main())\n"
    )
    root = Path(__file__).parents[3]
    owner = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=root)
    assert owner.stdout is not None
    reader = psutil.Process(int(await asyncio.to_thread(owner.stdout.readline)))
    assert await soon(lambda: bool(reader.children()))
    job = reader.children()[0].pid
    owner.kill()
    owner.wait()
    owner.stdout.close()
    assert await soon(lambda: not lives(reader.pid) and not lives(job))


async def test_two_hundred_jobs_leave_it_as_small_as_one(reader: MediaReader, upload: Path) -> None:
    probe = LibavProbe(reader)
    await probe.probe(upload)
    process = psutil.Process(reader.pid)
    before = process.memory_info().rss
    for _ in range(50):
        await asyncio.gather(*(probe.probe(upload) for _ in range(4)))
    assert process.memory_info().rss - before < 2 * MIB
    assert process.memory_info().rss < 80 * MIB
    assert process.num_threads() == 1
    if sys.platform == "linux":
        assert process.num_fds() < 12
    assert reader.starts == 1
    assert process.children() == []


def _probe(**lists: str) -> dict[str, object]:
    return {"task": "probe", **ffmpeg.allowed(f"{ffmpeg.AUDIO_CODECS},{ffmpeg.VIDEO_CODECS}"), **lists}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("concat", "ffconcat version 1.0\nfile {upload}\n"),
        ("concat", "ffconcat version 1.0\nfile file:{upload}\n"),
        ("hls", "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:5,\nfile://{upload}\n#EXT-X-ENDLIST\n"),
    ],
)
async def test_even_a_playlist_that_were_on_the_list_reaches_no_other_file(
    reader: MediaReader, upload: Path, tmp_path: Path, name: str, text: str
) -> None:
    playlist = tmp_path / "playlist"
    playlist.write_text(text.format(upload=upload), encoding="utf-8")
    allowed = f"{name},{ffmpeg.FORMATS}"
    assert (await reader.run(_probe(), playlist, Limits())).exit_code == NOT_OPENED
    opened = await reader.run(_probe(formats=allowed), playlist, Limits())
    assert opened.exit_code == NOT_OPENED
    assert opened.stdout == b""


async def test_formats_and_codecs_off_the_list_stay_closed(reader: MediaReader, upload: Path) -> None:
    assert (await reader.run(_probe(formats="mp3,ogg"), upload, Limits())).exit_code == NOT_OPENED
    decode = {"task": "decode", "formats": "wav", "track": 0, "channel": None, "samples": 99_999}
    given = await reader.run(decode | {"codecs": "pcm_s16le"}, upload, Limits(output_bytes=MIB))
    assert (given.exit_code, len(given.stdout)) == (DONE, 32_000)
    refused = await reader.run(decode | {"codecs": "mp3,aac"}, upload, Limits(output_bytes=MIB))
    assert (refused.exit_code, refused.stdout) == (NO_DECODER, b"")


async def test_a_title_in_another_encoding_does_no_harm(reader: MediaReader, upload: Path) -> None:
    title = "路灯坏了".encode("gbk")
    chunk = b"LIST" + (12 + len(title)).to_bytes(4, "little") + b"INFOINAM" + len(title).to_bytes(4, "little") + title
    with upload.open("ab") as held:
        held.write(chunk)
    info = await LibavProbe(reader).probe(upload)
    assert (info.container, info.duration_s, info.audio[0].codec) == ("wav", 1.0, "pcm_s16le")
