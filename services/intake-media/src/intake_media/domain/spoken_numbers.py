"""Numbers as they were said: Whisper writes 12路 and 50% where the speaker said 十二路 and 百分之五十.

Only what is said in one way is written out. 302室 (三零二, or 三百零二?), 110, 8:30, telephone numbers and whatever
stands beside Latin letters stay in figures: what was said there, figures tell better than a guess.
"""

from __future__ import annotations

import re

_DIGITS = "零一二三四五六七八九"
_PLACES = ("", "十", "百", "千")
_NUMBER = re.compile(
    r"(?<![\dA-Za-z.,:/~@#\-–—+])(?P<whole>\d{1,3}(?:,\d{3})+|\d+)(?:\.(?P<part>\d{1,3}))?(?P<percent>\s?[%％])?"
    r"(?![\dA-Za-z%％‰/:~@#\-–—+]|[.,]\d)"
)
_COUNTED = re.compile(
    r"[个位名户家人天次条张辆台块元件间座栋所扇根棵份种项处遍趟顿盏排对双层周岁]|年(?!级)|点(?!\d)|小时|分钟|公里|公斤|千米|平方|星期"
    r"|百|千|万|亿"
)
"""Before these the number 2 is 两."""


def as_said(text: str) -> str:
    """`text` with the numbers in Chinese characters of which it is sure how they were said."""
    return _NUMBER.sub(_said, text)


def _said(found: re.Match[str]) -> str:
    figures, part = found["whole"].replace(",", ""), found["part"]
    after, before = found.string[found.end() :], found.string[: found.start()]
    leading_zero = len(figures) > 1 and figures.startswith("0")
    if leading_zero:
        return found[0]
    if found["percent"]:
        return "百分之" + _cardinal(figures) + _decimals(part) if len(figures) <= 3 else found[0]
    if part:
        return _cardinal(figures) + _decimals(part) if len(figures) <= 3 else found[0]
    if len(figures) == 4 and after.startswith("年"):
        return "".join(_DIGITS[int(figure)] for figure in figures)
    if figures == "2":
        return "两" if _COUNTED.match(after) and not before.endswith(("第", "十")) else "二"
    if len(figures) <= 2 or (figures.endswith("00") and len(figures) <= 8):
        return _cardinal(figures)
    return found[0]


def _decimals(part: str | None) -> str:
    return "点" + "".join(_DIGITS[int(figure)] for figure in part) if part else ""


def _cardinal(figures: str) -> str:
    """`figures` (at most eight) as a number is read."""
    high, low = figures[:-4], figures[-4:]
    read = _below_ten_thousand(low.lstrip("0"))
    if high:
        gap = "零" if read and (low.startswith("0") or high.endswith("0")) else ""
        read = _below_ten_thousand(high) + "万" + gap + read
    read = re.sub(r"^二(?=[百千万])", "两", read) or "零"
    return read.removeprefix("一") if read.startswith("一十") else read


def _below_ten_thousand(figures: str) -> str:
    read = ""
    for place, figure in zip(range(len(figures) - 1, -1, -1), figures, strict=True):
        read += _DIGITS[int(figure)] + _PLACES[place] if figure != "0" else "零"
    return re.sub("零+", "零", read).rstrip("零")
