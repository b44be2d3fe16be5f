"""Small made-up letters of three fields, and an embedding that knows only characters: for tests of the text model."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zlib import crc32

import numpy as np

from router.domain.features import Floats
from router.domain.messages import Message
from router.domain.text_model import Row

TOPICS = {"school": ("学校", "老师", "学生"), "bus": ("公交", "站牌", "班次"), "clinic": ("医院", "医生", "挂号")}
_WORDS = {
    "education": ("学校", "老师", "学生", "食堂", "校服", "放学"),
    "transport": ("公交", "站牌", "班次", "司机", "红绿灯", "末班车"),
    "health": ("医院", "医生", "挂号", "护士", "住院", "药费"),
}
_FRAMES = (
    "建议{0}和{1}的事情改进一下。",
    "我们这里{0}太少，{1}也不够，希望增加。",
    "{0}经常让人等很久，{1}能不能早一点？",
)
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def rows() -> list[Row]:
    """Three classes, thirty letters each, all different."""
    return [
        Row(name, frame.format(one, other), f"关于{one}" if at % 2 else None)
        for name, words in _WORDS.items()
        for at, (one, other) in enumerate((a, b) for a in words for b in words if a != b)
        for frame in _FRAMES[at % 3 : at % 3 + 1]
    ]


def characters(texts: Sequence[str]) -> Floats:
    """Shape (n, 64): how often each character occurs, hashed; length 1."""
    found = np.zeros((len(texts), 64), dtype=np.float32)
    for at, text in enumerate(texts):
        for character in text:
            found[at, crc32(character.encode()) % 64] += 1
    lengths = np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)
    vectors: Floats = (found / lengths).astype(np.float32)
    return vectors


def letter(number: int, subject: str, text: str = "", *, day: float = 0, person: str | None = None) -> Message:
    """A message of the inflow, `day` days after the start."""
    return Message(f"m{number:04}", text or subject, START + timedelta(days=day, minutes=number), subject, person)
