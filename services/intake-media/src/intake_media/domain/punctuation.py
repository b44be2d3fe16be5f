"""Whisper writes Chinese with the commas of a typewriter now and then; print has full-width ones."""

from __future__ import annotations

import re

_FULL = str.maketrans(",?!:;", "，？！：；")
_CHINESE = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_AROUND = rf"{_CHINESE}“”‘’《》（）【】、。，？！：；…"
# A mark belongs to the Chinese text when a character of it stands on one side; between two digits (1,000, 10:30) and
# inside Latin words and addresses nothing does.
_MARK = re.compile(rf"(?<=[{_AROUND}])\s*([,?!:;])\s*|\s*([,?!:;])\s*(?=[{_CHINESE}“‘《（【])")
# Whisper leaves a blank where the speaker pauses; a single character between blanks is no clause.
_PAUSE = re.compile(rf"(?<=[{_CHINESE}][{_CHINESE}])\s+(?=[{_CHINESE}]{{2}})")
_AFTER_MARK = re.compile(rf"(?<=[，。、？！：；])\s+(?=[{_AROUND}])")
_STOP = re.compile(rf"(?<=[{_CHINESE}”’》）】])\s*\.(?!\.)\s*(?=[{_CHINESE}“‘《（【]|$)")


def full_width(text: str) -> str:
    """`text` with , ? ! : ; and a closing . beside Chinese characters as ，？！：；。, and a comma where a blank parts
    Chinese clauses; numbers and Latin stay."""
    text = _STOP.sub("。", _MARK.sub(lambda mark: (mark[1] or mark[2]).translate(_FULL), text))
    return _AFTER_MARK.sub("", _PAUSE.sub("，", text))
