"""One way to transcribe files, in a process of its own: {paths} lines on stdin, {texts, wall_s, cpu_s, …} as answers.

`python -m tests.bench.media_contender NAME WEIGHTS LANGUAGE_MODEL`; NAME is one of CONTENDERS.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil

CONTENDERS = ("plain", "lane", "lane-fast", "openai-whisper", "whisper.cpp")
BEAMS = {"lane": 10, "lane-fast": 5}
Run = Callable[[list[Path]], Awaitable[list[str]]]


def plain(weights: Path) -> Run:
    """faster-whisper as its README calls it: one file after the other, beam 5, the language given."""
    from faster_whisper import WhisperModel

    model = WhisperModel(str(weights), device="cpu", compute_type="int8")

    async def run(paths: list[Path]) -> list[str]:
        found = []
        for path in paths:
            segments, _ = model.transcribe(str(path), language="zh", beam_size=5)
            found.append("".join(segment.text for segment in segments))
        return found

    return run


async def lane(weights: Path, language_model: Path, beam: int) -> tuple[Run, int]:
    """What a worker does with a stored file: sandboxed decoding, the transcribing child with all its checks."""
    from intake_media.adapters.decoding import FfmpegDecoder
    from intake_media.adapters.engines import EngineOptions
    from intake_media.adapters.probing import FfmpegProbe
    from intake_media.adapters.sandbox import Sandbox
    from intake_media.adapters.transcriber_process import TranscriberProcess
    from intake_media.domain.media import MediaInfo, MediaLimits
    from intake_media.handlers.listen import Listener

    cores = len(os.sched_getaffinity(0))
    sandbox = Sandbox(Path(tempfile.mkdtemp(prefix="bench-")))
    options = EngineOptions(
        model=str(weights), state=weights.parents[1], concurrency=cores, beam=beam, language_model=language_model
    )
    child = TranscriberProcess(options)
    await child.start()
    probe, turn = FfmpegProbe(sandbox), asyncio.Semaphore(cores + 1)
    listener = Listener(probe, FfmpegDecoder(sandbox), child)

    known: dict[Path, MediaInfo] = {}

    async def one(path: Path) -> str:
        async with turn:
            # The upload was probed when it came in; a worker finds the figures in the recording's document.
            if path not in known:
                known[path] = await probe.probe(path)
            return (await listener.listen(path, MediaLimits(max_duration_s=1200), info=known[path])).text

    async def run(paths: list[Path]) -> list[str]:
        return list(await asyncio.gather(*map(one, paths)))

    assert child.pid is not None
    return run, child.pid


def openai(name: str) -> Run:
    """openai-whisper on its own weights of the same size; only where it and torch are installed."""
    import whisper

    model = whisper.load_model(name)

    async def run(paths: list[Path]) -> list[str]:
        return [model.transcribe(str(path), language="zh", beam_size=5)["text"] for path in paths]

    return run


def cpp(model: str) -> Run:
    """whisper.cpp by pywhispercpp; `model` is the path of its ggml file (environment WHISPER_CPP_MODEL)."""
    from pywhispercpp.model import Model

    loaded = Model(model, language="zh", print_progress=False)

    async def run(paths: list[Path]) -> list[str]:
        return ["".join(segment.text for segment in loaded.transcribe(str(path))) for path in paths]

    return run


def _cpu_s() -> float:
    own, ended = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    living = sum(sum(child.cpu_times()[:2]) for child in psutil.Process().children())
    return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime + living


async def main(name: str, weights: Path, language_model: Path) -> None:
    engine = 0
    if name in BEAMS:
        run, engine = await lane(weights, language_model, BEAMS[name])
    elif name == "plain":
        run = plain(weights)
    elif name == "openai-whisper":
        run = openai(os.environ.get("OPENAI_WHISPER_MODEL", "base"))
    else:
        run = cpp(os.environ["WHISPER_CPP_MODEL"])
    print(json.dumps({"ready": name}), flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        paths = [Path(path) for path in json.loads(line)["paths"]]
        cpu, began = _cpu_s(), time.perf_counter()
        engine_cpu = sum(psutil.Process(engine).cpu_times()[:2]) if engine else 0.0
        texts = await run(paths)
        answer = {"texts": texts, "wall_s": time.perf_counter() - began, "cpu_s": _cpu_s() - cpu}
        if engine:
            answer["engine_cpu_s"] = sum(psutil.Process(engine).cpu_times()[:2]) - engine_cpu
        peaks = [psutil.Process(pid).memory_info().rss for pid in (os.getpid(), engine) if pid]
        print(json.dumps({**answer, "rss_mb": sum(peaks) / 2**20}, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
