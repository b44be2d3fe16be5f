"""The process that holds the model: reads jobs on stdin, answers on stdout, dies with its parent.

`python -m intake_media.adapters.transcriber_child OPTIONS_JSON MEMORY_BYTES`. A job is one JSON line {id, bytes, flags}
and then that many bytes of 16-bit little-endian samples; an answer is one JSON line {id, transcript} or {id, error};
before it, of a long recording, any number of {id, heard: [stretches, of how many]}.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO

import numpy as np

from intake_media.adapters.engines import EngineOptions, build_lane
from intake_media.adapters.lane import Lane
from shared.errors import MinshengError


def _die_with_parent() -> None:
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)  # PR_SET_PDEATHSIG, SIGKILL: nothing of ours outlives its worker.


class _Answers:
    """Whole lines to the parent, one at a time from any thread."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._lock = threading.Lock()

    def send(self, answer: dict[str, object]) -> None:
        line = json.dumps(answer, ensure_ascii=False).encode() + b"\n"
        with self._lock:
            self._pipe.write(line)
            self._pipe.flush()


def _transcribe(lane: Lane, answers: _Answers, job: dict[str, object], raw: bytes) -> None:
    samples = np.frombuffer(raw, dtype="<i2").astype(np.float32) / 32768.0
    flags = tuple(str(flag) for flag in job["flags"]) if isinstance(job["flags"], list) else ()
    try:
        transcript = lane.transcribe(
            samples, flags=flags, progress=lambda *heard: answers.send({"id": job["id"], "heard": heard})
        )
        answers.send({"id": job["id"], "transcript": transcript.model_dump(mode="json")})
    except MemoryError:
        os._exit(70)  # The heap can't be trusted any more; the parent starts afresh.
    except Exception as error:  # The job's fault or ours: either way the parent decides, and the process lives on.
        answers.send({"id": job["id"], "error": type(error).__name__})


def main(argv: list[str]) -> int:
    """Serves until stdin ends; exit 2 with one JSON line where the model can't be loaded."""
    _die_with_parent()
    memory = int(argv[1])
    if memory:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = _Answers(os.fdopen(os.dup(1), "wb"))
    os.dup2(2, 1)  # Whatever a library prints must not land among the answers.
    options = EngineOptions.model_validate_json(argv[0])
    try:
        lane = build_lane(options)
    except MinshengError as error:
        answers.send({"id": None, "error": str(error), "code": error.code})
        return 2
    answers.send({"id": None, "ready": True})
    pool = ThreadPoolExecutor(max_workers=options.side_by_side, thread_name_prefix="whisper")
    jobs = sys.stdin.buffer
    while line := jobs.readline():
        job = json.loads(line)
        pool.submit(_transcribe, lane, answers, job, jobs.read(int(job["bytes"])))
    os._exit(0)  # Waiting for a decoder that may hang would keep a dead worker's memory.


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
