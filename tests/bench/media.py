"""`make bench-media`: voice notes through the real pipeline against other ways to transcribe them, in one run.

Ours: uploaded over HTTP to a running intake-media, until `suggestion.submitted.v1` is on the topic, a worker at its
default, its fast and its accurate setting. The others read the same files and hand back text: faster-whisper called
plainly, and, where they can be loaded (`--python NAME=PATH` names an environment that has one), openai-whisper and
whisper.cpp, on the same weights. Rounds are interleaved; absolute seconds mean little, ratios hold, best on a machine
that does nothing else. Clips: `--dir D` with WAVs and transcripts.tsv, `--words F …` for the language model; by default
two recordings of the demo and the pack's texts. Exit 0 only when every goal held.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from pathlib import Path

from faster_whisper.feature_extractor import FeatureExtractor

from intake_media.adapters import texts, weights
from intake_media.adapters.simplified import OpenccScript
from intake_media.domain.error_rate import errors
from intake_media.training import train
from minsheng.demo_inputs import film
from tests.bench import media_channels, media_weights
from tests.bench.media_channels import Scaling
from tests.bench.media_clips import ROOT, clips, one_long
from tests.bench.media_contender import NAMES
from tests.bench.media_goals import Answer, goals, show
from tests.bench.media_pipeline import Pipeline, infrastructure

SLOW = ("openai-whisper", "whisper.cpp")
PARTS = ("notes", "long", "channels")


class Contender:
    """A running `media_contender`; RuntimeError with the reason where it can't be loaded."""

    def __init__(self, name: str, python: str, model: Path) -> None:
        command = [python, str(Path(__file__).with_name("media_contender.py")), name, str(model)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            self._answer()
        except RuntimeError:
            self.close()
            raise

    def run(self, paths: list[Path]) -> Answer:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"paths": [str(path) for path in paths]}) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Answer:
        assert self._process.stdout is not None
        answer: Answer = json.loads(self._process.stdout.readline() or '{"error": "it ended"}')
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)


@dataclass
class Bench:
    """Everybody who takes part."""

    pipeline: Pipeline
    contenders: dict[str, Contender] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)
    seen: dict[str, list[Answer]] = field(default_factory=lambda: defaultdict(list))

    def run(self, name: str, spoken: list[tuple[Path, str]], *, label: str) -> None:
        """One measurement, with its errors."""
        paths = [path for path, _ in spoken]
        if name in self.contenders:
            if len(paths) > 1:
                self.contenders[name].run(paths[:1])  # warm
            answer = self.contenders[name].run(paths)
        else:
            answer = self.pipeline.run(name, paths)
        script = OpenccScript()
        pairs = [
            errors(script.simplified(said), script.simplified(heard))
            for (_, said), heard in zip(spoken, answer.pop("texts"), strict=True)
        ]
        answer["cer"] = sum(wrong for wrong, _ in pairs) / sum(length for _, length in pairs)
        answer["a_minute"] = 60 * len(paths) / answer["wall_s"]
        answer["cpu_each_s"] = answer["cpu_s"] / len(paths)
        self.seen[f"{label}/{name}"].append(answer)
        print(f"{label}: {name} {answer['wall_s']:.1f} s for {len(paths)}", file=sys.stderr, flush=True)

    def close(self) -> None:
        """End everything that was started."""
        for contender in self.contenders.values():
            contender.close()
        self.pipeline.stop()

    def figures(self, label: str) -> dict[str, Answer]:
        """Medians of what was measured, by name."""
        found = {}
        for key, answers in self.seen.items():
            if key.startswith(f"{label}/"):
                row: Answer = {
                    figure: statistics.median(answer[figure] for answer in answers)
                    for figure in ("a_minute", "cer", "cpu_each_s", "peak_mb")
                }
                row["cpu"] = answers[-1].get("cpu", {})
                found[key.removeprefix(f"{label}/")] = row
        return found


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", type=Path)
    parser.add_argument("--words", type=Path, nargs="+", default=[])
    parser.add_argument("--repeat", type=int, default=5, help="how often each clip is in a round")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--long", type=float, default=600.0, help="seconds of the long recording")
    parser.add_argument("--python", action="append", default=[], metavar="NAME=PATH", help="a contender's interpreter")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--without", nargs="+", choices=SLOW, default=[], help="leave a contender out")
    parser.add_argument("--json", type=Path, help="write the figures here")
    return parser.parse_args()


def invite(bench: Bench, given: argparse.Namespace, folder: Path, room: Path) -> None:
    """Load every contender that can be loaded, and keep why the others can't."""
    pythons = dict(one.split("=", 1) for one in given.python)
    for name in NAMES:
        if name in given.without:
            bench.absent[name] = "left out on demand"
            continue
        model = folder
        try:
            if name == "whisper.cpp":
                model = room / "ggml.bin"
                media_weights.write_ggml(folder, model, FeatureExtractor().mel_filters)
            bench.contenders[name] = Contender(name, pythons.get(name, sys.executable), model)
        except (RuntimeError, OSError, ValueError, KeyError) as error:
            bench.absent[name] = str(error)


def measure(bench: Bench, given: argparse.Namespace, spoken: list[tuple[Path, str]], room: Path) -> Scaling | None:
    """The parts that were asked for."""
    if "notes" in given.parts:
        for number in range(given.rounds):
            for name in ("plain", "default", "fast"):
                bench.run(name, spoken * given.repeat, label="notes")
            if number == 0:  # no goal depends on it
                bench.run("accurate", spoken * given.repeat, label="notes")
            for name in SLOW:  # so slow that one time each clip says enough
                if name in bench.contenders and number == 0:
                    bench.run(name, spoken, label="notes")
    if "long" in given.parts:
        for name in ("plain", "default"):
            bench.run(name, [one_long(spoken, room, given.long)], label="long")
    if "channels" in given.parts:
        return media_channels.measure(bench.pipeline, [path for path, _ in spoken], film(room))
    return None


def main() -> int:
    given, load = arguments(), os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="bench-media-") as name, infrastructure(Path(name) / "infra") as held:
        room = Path(name)
        state = Path(os.environ.get("MINSHENG_STATE", ".local")).resolve()
        folder = weights.find(os.environ.get("WHISPER_MODEL", ""), state)
        language_model = room / "language.npz"
        train(given.words or texts.of_pack(ROOT / "deploy" / "district"), language_model)
        spoken = clips(given.dir, room)
        bench = Bench(Pipeline.over(held, room / "media", weights=folder, language_model=language_model))
        try:
            bench.pipeline.start()
            if given.parts != ["channels"]:
                invite(bench, given, folder, room)
            channels = measure(bench, given, spoken, room)
        finally:
            bench.close()
    figures = {label: found for label in ("notes", "long") if (found := bench.figures(label))}
    claims = goals(figures, channels)
    print(f"{len(os.sched_getaffinity(0))} cores, load {load:.1f} before")
    for label, table in figures.items():
        show(label, table)
    if channels:
        print(f"\nchannels: the engine was {channels.engine}")
    print()
    for goal in claims:
        print(f"{'held  ' if goal.held else 'MISSED'} {goal.says}")
    for name, why in bench.absent.items():
        print(f"did not take part: {name} ({why})")
    if given.json:
        kept = {"channels": asdict(channels) if channels else None, "goals": [asdict(goal) for goal in claims]}
        given.json.write_text(json.dumps({**figures, **kept, "absent": bench.absent}, indent=1) + "\n")
    return 0 if all(goal.held for goal in claims) else 1


if __name__ == "__main__":
    sys.exit(main())
