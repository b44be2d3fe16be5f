"""A counted language model as one file of plain arrays (npz): nothing in it can run."""

from __future__ import annotations

import os
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from intake_media.domain.language_model import CharacterModel
from shared.errors import PermanentError


def load(path: Path) -> CharacterModel:
    """PermanentError `language-model-broken` where the file is no model of this version."""
    try:
        with np.load(path, allow_pickle=False) as held:
            return CharacterModel.from_arrays({name: held[name] for name in held.files})
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise PermanentError(
            f"{path.name} is no language model of this version; count it again: `minsheng pack train`",
            code="language-model-broken",
        ) from error


def save(model: CharacterModel, path: Path) -> None:
    """Writes beside `path` and renames, so that a worker that starts meanwhile never reads half a model."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", suffix=".npz", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as held:
            np.savez_compressed(held, allow_pickle=False, **model.arrays())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
