"""Texts that the language model is counted on: files of the pack, or what an operator points at."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from shared.errors import PermanentError


def of_pack(pack: Path) -> list[Path]:
    """The district pack's own texts: `words/*.txt` and `examples/*`."""
    return sorted([*pack.glob("words/*.txt"), *pack.glob("examples/*")])


def read(paths: Sequence[Path]) -> Iterator[str]:
    """Every text in `.txt` (a line each), `.jsonl` (`subject` and `text`) and `.yaml` (every string) files.

    PermanentError `texts-unreadable` names the file (and line) that can't be read.
    """
    for path in paths:
        try:
            yield from _read_one(path)
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise PermanentError(f"{path}: {type(error).__name__}", code="texts-unreadable") from error


def _read_one(path: Path) -> Iterator[str]:
    if path.suffix == ".jsonl":
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                if line.strip():
                    yield from _of_record(json.loads(line))
    elif path.suffix in {".yaml", ".yml"}:
        yield from _strings(yaml.safe_load(path.read_text(encoding="utf-8")))
    else:
        with path.open(encoding="utf-8") as lines:
            yield from (line.strip() for line in lines if line.strip() and not line.startswith("#"))


def _of_record(record: Any) -> Iterator[str]:
    if not isinstance(record, dict):
        raise ValueError("not an object")
    for name in ("subject", "text"):
        if isinstance(record.get(name), str):
            yield record[name]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for held in value.values():
            yield from _strings(held)
    elif isinstance(value, list):
        for held in value:
            yield from _strings(held)
