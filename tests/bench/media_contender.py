"""One way to transcribe files, in a process of its own: {paths} lines on stdin, {texts, wall_s, cpu_s, …} as answers.

`python media_contender.py NAME WEIGHTS`; run by its path, so any Python that has NAME's library will do. WEIGHTS is the
folder of CTranslate2 weights, or whisper.cpp's file. The first answer is {ready} or {error}.
"""

from __future__ import annotations

import json
import os
import re
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

NAMES = ("plain", "openai-whisper", "whisper.cpp")
Run = Callable[[str], str]


def plain(weights: Path) -> Run:
    """faster-whisper as its README calls it: beam 5, the language given."""
    from faster_whisper import WhisperModel

    model = WhisperModel(str(weights), device="cpu", compute_type="int8")

    def run(path: str) -> str:
        segments, _ = model.transcribe(path, language="zh", beam_size=5)
        return "".join(segment.text for segment in segments)

    return run


def openai(weights: Path) -> Run:
    """openai-whisper, beam 5, the language given; its checkpoint is made of the same weights in memory."""
    import media_weights
    import torch
    from whisper.model import ModelDimensions, Whisper

    dimensions, state = media_weights.as_openai(media_weights.read(weights))
    model = Whisper(ModelDimensions(**dimensions))
    model.load_state_dict({name: torch.tensor(values.astype("float32")) for name, values in state.items()})
    model.eval()
    return lambda path: model.transcribe(_samples(path), language="zh", beam_size=5, fp16=False)["text"]


def cpp(weights: Path) -> Run:
    """whisper.cpp by pywhispercpp, beam 5, the language given, a thread a core."""
    from pywhispercpp.model import Model

    model = Model(
        str(weights),
        params_sampling_strategy=1,
        beam_search={"beam_size": 5, "patience": -1.0},
        language="zh",
        n_threads=os.cpu_count(),
        print_progress=False,
        print_realtime=False,
    )
    return lambda path: "".join(segment.text for segment in model.transcribe(_samples(path)))


def _samples(path: str):
    """A 16 kHz mono WAV as floats, since neither library should be charged for an ffmpeg of its own."""
    import wave

    import numpy as np

    with wave.open(path, "rb") as held:
        return np.frombuffer(held.readframes(held.getnframes()), "<i2").astype(np.float32) / 32768.0


def peak_mb(pid: int | str = "self") -> float:
    """Most resident memory that a living process ever had."""
    found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def main(name: str, weights: Path) -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # What a library prints must not land among the answers.

    def answer(found: dict[str, object]) -> None:
        print(json.dumps(found), file=answers, flush=True)

    try:
        run = {"plain": plain, "openai-whisper": openai, "whisper.cpp": cpp}[name](weights)
    except Exception as error:
        answer({"error": f"{type(error).__name__}: {error}"})
        return
    answer({"ready": name})
    for line in sys.stdin:
        used, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        texts = [run(path) for path in json.loads(line)["paths"]]
        wall_s, now = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
        cpu_s = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
        answer({"texts": texts, "wall_s": wall_s, "cpu_s": cpu_s, "peak_mb": peak_mb()})


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
