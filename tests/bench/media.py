"""`make bench-media`: the transcription of a worker against faster-whisper called plainly, interleaved in one run.

Clips: `--dir D` with WAVs and transcripts.tsv, `--words F …` for the language model; by default the two recordings of
the demo and the pack's texts. openai-whisper and pywhispercpp take part where they are installed. Absolute seconds mean
little; ratios of medians hold, best on a machine that does nothing else. Exit 0 only when every goal held.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import wave
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from intake_media.adapters import ffmpeg, texts, weights
from intake_media.adapters.simplified import OpenccScript
from intake_media.domain.error_rate import errors
from intake_media.evaluation import read_truth
from intake_media.training import train
from tests.bench.media_contender import CONTENDERS

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "deploy" / "local" / "src" / "minsheng" / "demo_media"
DEMO_TRUTH = {
    "chongdian": "我建议在小区门口增加几个充电桩，现在大家都从楼上拉电线给电动车充电，非常不安全。",
    "xuexiao": "小学门口没有红绿灯，上学放学的时候车很多，孩子过马路很危险，建议安装信号灯。",
}


@dataclass
class Goal:
    """A claim and what was measured."""

    says: str
    held: bool


class Contender:
    """A running `media_contender`."""

    def __init__(self, name: str, folder: Path, model: Path) -> None:
        command = [sys.executable, "-m", "tests.bench.media_contender", name, str(folder), str(model)]
        self.name = name
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        self._answer()

    def run(self, paths: list[Path]) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"paths": [str(path) for path in paths]}) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)


def clips(folder: Path | None, room: Path) -> dict[Path, str]:
    """WAV → what is said in it."""
    if folder is not None:
        return {folder / f"{name}.wav": said for name, said in read_truth(folder).items()}
    found = {}
    for name, said in DEMO_TRUTH.items():
        out = room / f"{name}.wav"
        command = [ffmpeg.find(), "-v", "error", "-i", str(DEMO / f"{name}.ogg"), "-ar", "16000", "-ac", "1", str(out)]
        subprocess.run(command, check=True)
        found[out] = said
    return found


def one_long(given: dict[Path, str], room: Path, seconds: float) -> tuple[Path, str]:
    """All clips, again and again with a pause of 0.7 s, as one recording of about `seconds`."""
    out, said, length = room / "long.wav", "", 0.0
    with wave.open(str(out), "wb") as held:
        held.setparams((1, 2, 16_000, 0, "NONE", ""))
        while length < seconds:
            for path, text in given.items():
                with wave.open(str(path), "rb") as clip:
                    held.writeframes(clip.readframes(clip.getnframes()) + bytes(2 * 11_200))
                    length += clip.getnframes() / 16_000 + 0.7
                said += text
    return out, said


def measure(
    contenders: list[Contender], paths: list[Path], said: list[str], rounds: int
) -> dict[str, dict[str, float]]:
    """Medians over interleaved rounds (after one to warm up) and the error rate."""
    script, seen = OpenccScript(), defaultdict(list)
    for number in range(rounds + 1):
        for contender in contenders:
            answer = contender.run(paths)
            pairs = [
                errors(script.simplified(a), script.simplified(b)) for a, b in zip(said, answer["texts"], strict=True)
            ]
            answer["cer"] = sum(wrong for wrong, _ in pairs) / sum(length for _, length in pairs)
            if number:
                seen[contender.name].append(answer)
            print(
                f"{'warm-up' if not number else f'round {number}'} {contender.name}: {answer['wall_s']:.1f} s",
                file=sys.stderr,
            )
    figures = ("wall_s", "cpu_s", "engine_cpu_s", "rss_mb", "cer")
    return {
        name: {
            figure: statistics.median(answer[figure] for answer in answers)
            for figure in figures
            if figure in answers[0]
        }
        for name, answers in seen.items()
    }


def goals(short: dict[str, dict[str, float]], long: dict[str, dict[str, float]]) -> list[Goal]:
    """The claims of the project, on what was measured here."""
    base, held = short["plain"], []

    def ratio(name: str, other: dict[str, dict[str, float]] = short) -> float:
        return other["plain"]["wall_s"] / other[name]["wall_s"]

    held.append(Goal(f"default ≥ 5 × plain: {ratio('lane'):.2f}", ratio("lane") >= 5))
    share = short["lane"]["cer"] / base["cer"] if base["cer"] else 1.0
    held.append(Goal(f"default ≤ 0.85 of plain's errors: {share:.2f}", share <= 0.85))
    held.append(Goal(f"fast ≥ 7 × plain: {ratio('lane-fast'):.2f}", ratio("lane-fast") >= 7))
    more = 100 * (short["lane-fast"]["cer"] - base["cer"])
    held.append(Goal(f"fast at most 1 point worse: {more:+.2f}", more <= 1))
    held.append(Goal(f"long recording ≥ 1.5 × plain: {ratio('lane', long):.2f}", ratio("lane", long) >= 1.5))
    held.append(Goal("long recording with no more errors", long["lane"]["cer"] <= long["plain"]["cer"]))
    beside = 1 - short["lane"]["engine_cpu_s"] / short["lane"]["cpu_s"]
    held.append(Goal(f"CPU beside the transcribing process ≤ 15 %: {beside:.1%}", beside <= 0.15))
    if "openai-whisper" in short:
        times = short["openai-whisper"]["wall_s"] / short["lane"]["wall_s"]
        held.append(Goal(f"default ≥ 15 × openai-whisper: {times:.1f}", times >= 15))
    return held


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", type=Path)
    parser.add_argument("--words", type=Path, nargs="+", default=[])
    parser.add_argument("--repeat", type=int, default=5, help="how often each clip is in a round")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--long", type=float, default=600.0, help="seconds of the long recording")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        room = Path(name)
        state = Path(os.environ.get("MINSHENG_STATE", ".local")).resolve()
        folder = weights.find(os.environ.get("WHISPER_MODEL", ""), state)
        train(given.words or texts.of_pack(ROOT / "deploy" / "district"), room / "language.npz")
        spoken = clips(given.dir, room)
        missing = {
            "openai-whisper": importlib.util.find_spec("whisper") is None,
            "whisper.cpp": importlib.util.find_spec("pywhispercpp") is None or "WHISPER_CPP_MODEL" not in os.environ,
        }
        running = [Contender(one, folder, room / "language.npz") for one in CONTENDERS if not missing.get(one)]
        try:
            short = measure(running, [*spoken] * given.repeat, [*spoken.values()] * given.repeat, given.rounds)
            path, said = one_long(spoken, room, given.long)
            long = measure([one for one in running if one.name in ("plain", "lane")], [path], [said], 1)
        finally:
            for one in running:
                one.close()
        recordings = len(spoken) * given.repeat
    claims = goals(short, long)
    if given.json:
        held = [{"says": goal.says, "held": goal.held} for goal in claims]
        print(json.dumps({"short": short, "long": long, "goals": held, "absent": [k for k, v in missing.items() if v]}))
    else:
        for title, table in ((f"{recordings} notes", short), (f"one recording of {given.long:.0f} s", long)):
            print(f"\n{title:32} recordings/min  ratio   CER  CPU s  RSS MB")
            for one, row in table.items():
                many = recordings if table is short else 1
                rate, ratio = 60 * many / row["wall_s"], table["plain"]["wall_s"] / row["wall_s"]
                print(f"{one:32} {rate:14.1f} {ratio:6.2f} {row['cer']:5.1%} {row['cpu_s']:6.1f} {row['rss_mb']:7.0f}")
        print()
        for goal in claims:
            print(f"{'held  ' if goal.held else 'MISSED'} {goal.says}")
        print("not installed: " + ", ".join(one for one, absent in missing.items() if absent))
    return 0 if all(goal.held for goal in claims) else 1


if __name__ == "__main__":
    sys.exit(main())
