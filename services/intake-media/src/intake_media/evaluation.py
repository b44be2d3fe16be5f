"""Errors of the worker's very lane: `python -m intake_media.evaluation transcripts --dir D [--words F …] --json`."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from intake_media.adapters.decoding import read_wav
from intake_media.adapters.engines import build_lane
from intake_media.adapters.lane import Lane
from intake_media.domain.error_rate import errors
from intake_media.domain.sound import RATE_HZ
from intake_media.whisper_settings import WhisperSettings
from shared.errors import MinshengError, PermanentError


def read_truth(folder: Path) -> dict[str, str]:
    """Name → what is said, from `transcripts.tsv` (name<TAB>text, with or without `.wav`)."""
    path = folder / "transcripts.tsv"
    if not path.is_file():
        raise PermanentError(f"{path} is missing", code="transcripts-missing")
    truth = {}
    for line in path.read_text(encoding="utf-8-sig").splitlines():
        name, tab, said = line.partition("\t")
        if tab and said.strip() and (folder / f"{name.removesuffix('.wav')}.wav").is_file():
            truth[name.removesuffix(".wav")] = said.strip()
    if not truth:
        raise PermanentError(f"no line of {path} names a WAV beside it", code="transcripts-missing")
    return truth


def evaluate(lane: Lane, folder: Path, *, threads: int) -> dict[str, Any]:
    """Error rate over all clips of `folder`: {cer, clips, audio_s, wall_s, verdicts, per_clip}."""
    truth = read_truth(folder)
    sounds = {name: read_wav(folder / f"{name}.wav") for name in truth}
    started = time.perf_counter()
    with ThreadPoolExecutor(max_workers=threads) as pool:
        heard = dict(zip(sounds, pool.map(lane.transcribe, sounds.values()), strict=True))
    wall_s = time.perf_counter() - started
    per_clip, edits, characters, verdicts = [], 0, 0, dict[str, int]()
    for name, said in truth.items():
        wrong, length = errors(lane.script.simplified(said), heard[name].text)
        edits, characters = edits + wrong, characters + length
        verdicts[heard[name].verdict] = verdicts.get(heard[name].verdict, 0) + 1
        per_clip.append({"name": name, "errors": wrong, "characters": length, "text": heard[name].text})
        print(f"{name}: {wrong} of {length} characters wrong ({heard[name].verdict})", file=sys.stderr)
    return {
        "cer": edits / characters if characters else 0.0,
        "clips": len(truth),
        "errors": edits,
        "characters": characters,
        "audio_s": round(sum(len(sound) for sound in sounds.values()) / RATE_HZ, 2),
        "wall_s": round(wall_s, 3),
        "verdicts": verdicts,
        "language_model": lane.language_model is not None,
        "per_clip": per_clip,
    }


def main(argv: list[str] | None = None) -> int:
    """Exit 0 done, 1 a problem named on stderr, 2 wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m intake_media.evaluation", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    transcripts = commands.add_parser("transcripts", help="character error rate over a folder of WAVs")
    transcripts.add_argument("--dir", type=Path, required=True, help="WAVs (16 kHz mono) and transcripts.tsv")
    transcripts.add_argument(
        "--words", type=Path, nargs="+", action="extend", default=[], help="texts for the language model (.txt, .jsonl)"
    )
    transcripts.add_argument("--no-words", action="store_true", help="without any language model")
    transcripts.add_argument("--json", action="store_true", help="only JSON on stdout")
    given = parser.parse_args(argv)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        options = WhisperSettings().options(concurrency=cores)
        if given.words or given.no_words:
            options = options.model_copy(update={"language_model": None, "texts": tuple(given.words)})
        lane = build_lane(options, say=lambda line: print(line, file=sys.stderr))
        result = evaluate(lane, given.dir, threads=options.side_by_side)
    except MinshengError as error:
        print(f"{error.code}: {error}", file=sys.stderr)
        return 1
    if given.json:
        print(json.dumps(result, ensure_ascii=False))
    else:
        print(f"{result['cer']:.1%} of {result['characters']} characters wrong in {result['clips']} clips")
    return 0


if __name__ == "__main__":
    sys.exit(main())
