"""Logs of the local stack: one file per process, one JSON object a line."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from minsheng import process_log
from minsheng.process_log import ProcessLog


def log(folder: Path, *numbers: int) -> ProcessLog:
    made = ProcessLog(folder, "worker-voice")
    made.watch(SimpleNamespace(processes={100 + n: SimpleNamespace(wid=n) for n in numbers}))
    return made


def say(target: ProcessLog, pid: int, data: bytes) -> None:
    target({"pid": pid, "name": "stderr", "data": data})


def lines(folder: Path, name: str) -> list[Any]:
    return [json.loads(line) for line in (folder / name).read_text(encoding="utf-8").splitlines()]


def test_each_process_has_a_file_of_its_own(tmp_path: Path) -> None:
    target = log(tmp_path, 1, 2)
    say(target, 101, b'{"event": "one"}\n')
    say(target, 102, b'{"event": "two"}\n')
    assert lines(tmp_path, "worker-voice-1.log") == [{"event": "one"}]
    assert lines(tmp_path, "worker-voice-2.log") == [{"event": "two"}]
    assert lines(tmp_path, "worker-voice.log") == [{"event": "one"}]


def test_what_is_no_json_is_wrapped(tmp_path: Path) -> None:
    target = log(tmp_path, 1)
    say(target, 101, "WARN 队列\nTraceback (most recent call last):\n".encode())
    assert [line["event"] for line in lines(tmp_path, "worker-voice-1.log")] == [
        "WARN 队列",
        "Traceback (most recent call last):",
    ]


def test_a_line_that_comes_in_two_pieces_is_one(tmp_path: Path) -> None:
    target = log(tmp_path, 1)
    whole = '{"event": "转写"}\n'.encode()
    say(target, 101, whole[:14])  # in the middle of a character
    say(target, 101, whole[14:])
    assert lines(tmp_path, "worker-voice-1.log") == [{"event": "转写"}]


def test_the_last_words_of_a_process_are_kept_without_a_line_end(tmp_path: Path) -> None:
    target = log(tmp_path, 1)
    say(target, 101, b"killed in mid-sen")
    target.close()
    assert [line["event"] for line in lines(tmp_path, "worker-voice-1.log")] == ["killed in mid-sen"]


def test_a_full_file_is_rotated(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(process_log, "MAX_BYTES", 10)
    target = log(tmp_path, 1)
    say(target, 101, b'{"event": "first"}\n')
    say(target, 101, b'{"event": "second"}\n')
    assert lines(tmp_path, "worker-voice-1.log") == [{"event": "second"}]
    assert lines(tmp_path, "worker-voice-1.log.1") == [{"event": "first"}]
