"""The words of each topic, from the file that comes with this package."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from router.domain.features import Topics


@cache
def topic_lexicon() -> Topics:
    """Topic → its words, in the file's order."""
    raw: dict[str, Any] = yaml.safe_load(files("router").joinpath("lexicon/topics.yaml").read_text("utf-8"))
    return {name: tuple(dict.fromkeys(str(words).split())) for name, words in raw.items()}
