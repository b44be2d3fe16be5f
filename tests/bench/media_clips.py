"""What the media bench transcribes: recordings, and what is said in them."""

from __future__ import annotations

import subprocess
import wave
from pathlib import Path

from intake_media.adapters import ffmpeg
from intake_media.evaluation import read_truth

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "deploy" / "local" / "src" / "minsheng" / "demo_media"
DEMO_TRUTH = {
    "chongdian": "我建议在小区门口增加几个充电桩，现在大家都从楼上拉电线给电动车充电，非常不安全。",
    "xuexiao": "小学门口没有红绿灯，上学放学的时候车很多，孩子过马路很危险，建议安装信号灯。",
}
PAUSE_S = 0.7


def clips(folder: Path | None, room: Path) -> list[tuple[Path, str]]:
    """WAVs and what is said in each."""
    if folder is not None:
        return [(folder / f"{name}.wav", said) for name, said in read_truth(folder).items()]
    found = []
    for name, said in DEMO_TRUTH.items():
        out = room / f"{name}.wav"
        command = [ffmpeg.find(), "-v", "error", "-i", str(DEMO / f"{name}.ogg"), "-ar", "16000", "-ac", "1", str(out)]
        subprocess.run(command, check=True)
        found.append((out, said))
    return found


def one_long(given: list[tuple[Path, str]], room: Path, seconds: float) -> tuple[Path, str]:
    """The clips, again and again with a pause, as one recording of `seconds` at most."""
    out, said, length = room / "long.wav", "", 0.0
    with wave.open(str(out), "wb") as held:
        held.setparams((1, 2, 16_000, 0, "NONE", ""))
        for path, text in given * (1 + int(seconds)):
            with wave.open(str(path), "rb") as clip:
                more = clip.getnframes() / 16_000 + PAUSE_S
                if length + more > seconds:
                    break
                held.writeframes(clip.readframes(clip.getnframes()) + bytes(2 * int(PAUSE_S * 16_000)))
            said, length = said + text, length + more
    return out, said
