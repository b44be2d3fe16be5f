"""Traditional to Simplified Chinese by OpenCC, for matching only: people read what was written."""

from __future__ import annotations

from functools import cache
from typing import Any

from opencc import OpenCC


@cache
def _converter() -> Any:
    return OpenCC("t2s")


def simplify(text: str) -> str:
    """`text` in Simplified Chinese."""
    converted: str = _converter().convert(text)
    return converted
