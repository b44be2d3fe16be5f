"""What the demonstration sends: one suggestion per channel, each with an address of its own for the notices."""

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from minsheng.client import Refused

MEDIA = Path(__file__).with_name("demo_media")
VOICE = MEDIA / "chongdian.ogg"
VIDEO_SOUND = MEDIA / "xuexiao.ogg"
TEXT = "建议在城中街道的老旧小区增设电动自行车集中充电桩，现在很多居民从楼上拉电线充电，存在火灾隐患。"
HOTLINE_TEXT = "来电人反映，夜间工地施工噪音大，影响老人和孩子休息，建议严格控制夜间施工时间并加强巡查。"


def address(run: str, channel: str) -> str:
    """The mailbox of one channel in one run of the demonstration."""
    return f"demo+{channel}-{run.lower()}@example.org"


def submission(run: str, channel: str) -> dict[str, Any]:
    """The `submission` part that every channel shares."""
    contact = {"name": "演示居民", "email": address(run, channel), "language": "zh-CN"}
    return {"identity": "named", "contact": contact, "place": {"town": "城中街道"}}


def work_order(run: str) -> dict[str, Any]:
    """A work order as hotline 12345 of the district pack would publish it."""
    shared = submission(run, "hotline")
    return {
        "source": "12345",
        "external_id": f"DEMO-{run}",
        "received_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "text": HOTLINE_TEXT,
        "nature": "建议类",
        "category_code": "1201",
        "place": shared["place"],
        "contact": shared["contact"],
    }


def film(folder: Path) -> Path:
    """A short video: a moving test picture with a spoken suggestion, made by ffmpeg (about a second)."""
    made = folder / "demo.mp4"
    program = shutil.which("ffmpeg")
    if program is None:
        from imageio_ffmpeg import get_ffmpeg_exe

        program = get_ffmpeg_exe()
    picture = ["-f", "lavfi", "-i", "testsrc2=size=480x270:rate=12"]
    codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "64k"]
    command = [
        program,
        "-nostdin",
        "-v",
        "error",
        "-y",
        *picture,
        "-i",
        str(VIDEO_SOUND),
        *codecs,
        "-shortest",
        str(made),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Refused(f"ffmpeg could not make the video: {done.stderr.strip()[-300:]}")
    return made
