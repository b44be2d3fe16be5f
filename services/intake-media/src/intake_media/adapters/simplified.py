"""Simplified Chinese by OpenCC."""

from __future__ import annotations

import re

import opencc

# OpenCC keeps 著, since it is a character of its own in 著名; as a particle (睡不著, 看著) it is Traditional for 着.
_PARTICLE = re.compile(r"著(?![名作称录述书])(?<![显原土专论编巨译卓昭名遗合拙]著)")


class OpenccScript:
    """Traditional to Simplified, mainland characters; microseconds a note."""

    def __init__(self) -> None:
        self._converter = opencc.OpenCC("t2s")

    def simplified(self, text: str) -> str:
        """`text` in Simplified characters."""
        return _PARTICLE.sub("着", str(self._converter.convert(text)))
