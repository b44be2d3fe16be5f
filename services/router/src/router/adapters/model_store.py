"""A text model as files that hold data only: loading one can't run code."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from router.domain.calibration import Calibration
from router.domain.features import LexicalFeatures
from router.domain.linear_head import Head
from router.domain.text_model import TextModel
from shared.errors import PermanentError

FORMAT = 2
"""Counts whenever a stored model would see texts otherwise than it learned them."""
ARRAYS, WORDS, CARD = "model.npz", "model.json", "card.json"


class ModelError(PermanentError):
    """The folder holds no model that can be used; the message says which file and why."""

    code = "invalid-model"


def save(model: TextModel, folder: Path, card: Mapping[str, Any]) -> str:
    """Write model and card and return the model's version; an older model is replaced in one step."""
    words, learned = model.features.state()
    arrays: dict[str, NDArray[Any]] = {
        **learned,
        "centre": model.centre,
        **{f"{name}_{part}": getattr(head, part) for name, head in _heads(model) for part in ("weights", "offsets")},
    }
    meta = {
        "format": FORMAT,
        "classes": model.classes,
        "quick_threshold": model.quick_threshold,
        "auto_threshold": model.auto_threshold,
        "calibration": {name: list(astuple(h.calibration)) for name, h in _heads(model)},
        **words,
    }
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        np.savez_compressed(made / ARRAYS, allow_pickle=False, **arrays)
        (made / WORDS).write_text(json.dumps(meta, ensure_ascii=False), "utf-8")
        version = _digest(made)
        about = {"version": version, **card}
        (made / CARD).write_text(json.dumps(about, ensure_ascii=False, indent=2) + "\n", "utf-8")
        made.chmod(0o755)
        _swap(made, folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return version


def load(folder: Path) -> tuple[TextModel, dict[str, Any]]:
    """The model and its card; raises ModelError for files that are missing, changed since, or of another format."""
    try:
        meta = json.loads((folder / WORDS).read_text("utf-8"))
        card: dict[str, Any] = json.loads((folder / CARD).read_text("utf-8"))
        with np.load(folder / ARRAYS, allow_pickle=False) as archive:
            arrays = dict(archive)
        if meta["format"] != FORMAT:
            raise ModelError(f"{folder.name}/{WORDS}: format {meta['format']}, this release reads {FORMAT}")
        if _digest(folder) != card["version"]:
            raise ModelError(f"{folder.name}: the files are not those that {CARD} describes")
        heads = {
            name: Head(arrays[f"{name}_weights"], arrays[f"{name}_offsets"], Calibration(*meta["calibration"][name]))
            for name in ("quick", "full")
        }
        model = TextModel(
            classes=tuple(meta["classes"]),
            features=LexicalFeatures.from_state(meta, arrays),
            quick=heads["quick"],
            full=heads["full"],
            centre=arrays["centre"],
            quick_threshold=meta["quick_threshold"],
            auto_threshold=meta["auto_threshold"],
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{folder.name}: {type(error).__name__}: {error}") from error
    return model, card


def _heads(model: TextModel) -> tuple[tuple[str, Head], ...]:
    return ("quick", model.quick), ("full", model.full)


def _digest(folder: Path) -> str:
    """Of what the model holds, not of the archive's bytes, which carry the time of writing."""
    digest = hashlib.sha256((folder / WORDS).read_bytes())
    with np.load(folder / ARRAYS, allow_pickle=False) as archive:
        for name in sorted(archive.files):
            digest.update(name.encode() + archive[name].tobytes())
    return digest.hexdigest()[:12]


def _swap(made: Path, folder: Path) -> None:
    """A reader sees the old model or the new one; where files can't be exchanged it may for an instant see none."""
    old = made.with_name(f"{made.name}-old")
    if folder.exists():
        folder.rename(old)
    made.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
