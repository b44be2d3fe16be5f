"""Simplified Chinese by OpenCC."""

from __future__ import annotations

import opencc


class OpenccScript:
    """Traditional to Simplified, mainland characters; microseconds a note."""

    def __init__(self) -> None:
        self._converter = opencc.OpenCC("t2s")

    def simplified(self, text: str) -> str:
        """`text` in Simplified characters."""
        return str(self._converter.convert(text))
