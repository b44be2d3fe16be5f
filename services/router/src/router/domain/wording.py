"""How residents' letters are worded: what to drop before comparing them, their subject, the places they name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

SUBJECT_CHARS = 40
"""A line that stands for a whole letter is rarely longer."""
SUBJECT_AT_LEAST = 8
"""Shorter beginnings are greetings."""

_BLANKS = re.compile(r"\s+")
_DIGITS = re.compile(r"\d+")
# Publishers mask places as `A市`, `L9县`; the mask says nothing that two letters could have in common.
_MASKED_AREA = re.compile(r"[A-Za-z]\d*(?=[市区县镇乡村])[市区县镇乡村]|西地省")
_CLAUSE = re.compile(r"[^，。！？；：,.!?;:]+[，。！？；：,.!?;:]*")
_MARKS = "，。！？；：、,.!?;:"
_DOUBLED = re.compile(f"([{_MARKS}])[{_MARKS}]+")
_NOT_WORD = re.compile(r"[^\w|]+")

# Courtesy and office phrases: they are in every letter, and a letter of the same author repeats them.
_COURTESY = re.compile(
    "尊敬的|领导|您好|你好|各位|市长|书记|局长|县长|区长|省长|请求|请问|请教|恳请|恳求|强烈|要求|建议|希望|盼望|咨询|投诉|反映|"
    "举报|反对|关于|有关|相关|部门|问题|情况|进行|尽快|加快|加强|加大|力度|步伐|解决|处理|回复|答复|谢谢|感谢|政府|何时|"
    "什么时候|能否|能不能|是否|可否|为什么|为何|怎么|如何|多次|一直|至今|严重|非常|没有|不能|可以|应该|我们|我是|我在|本人|"
    "他们|大家|老百姓|群众|市民|居民|业主|诉求|事宜|建设(?![路街大巷村镇])|工作|管理|提高|推进|求助|帮忙|查处|呼吁|万分|此致|敬礼|贵局|"
    "贵单位|望予|予以|给予|望|盼|请"
)
# What the name of a place ends with; the two characters before it tell one place from another.
_PLACE_ENDING = re.compile(
    "小区|花园|家园|公寓|公馆|广场|大厦|国际城|大道|社区|街道|小学|中学|学校|幼儿园|医院|公园|安置房|高速|"
    "[苑园城府郡湾庭路街巷镇乡村桥站厂山湖里]"
)
_PLACE_CHARS = 2
_NO_NAME = frozenset("的是在我该本这那各个某一二三四五六七八九十两几每等和及与到从对住有整全新老旧此同们")


def compact(text: str) -> str:
    """`text` without blanks and masked areas, every number written 0."""
    return _DIGITS.sub("0", _MASKED_AREA.sub("", _BLANKS.sub("", text)))


def matter(text: str) -> str:
    """`text` without blanks, masked areas, courtesy and the punctuation that these leave doubled: what it is about."""
    said = _COURTESY.sub("", _MASKED_AREA.sub("", _BLANKS.sub("", text)))
    return _DOUBLED.sub(r"\1", said).strip(_MARKS)


def subject_of(text: str) -> str:
    """The first clauses, as the subject of a text that came without one (speech, short notes)."""
    subject = ""
    for clause in _CLAUSE.findall(_BLANKS.sub(" ", text).strip()):
        subject += clause
        if len(subject) >= SUBJECT_AT_LEAST:
            break
    return subject.strip("，。！？；：,.!?;: ")[:SUBJECT_CHARS]


def distinctive(text: str) -> str:
    """`text` cut by `|` wherever courtesy, punctuation or a masked area stood."""
    return _NOT_WORD.sub("|", _COURTESY.sub("|", _MASKED_AREA.sub("|", _BLANKS.sub("", text))))


def without_numbers(text: str) -> str:
    """Every number written 0, so that house numbers and dates make no likeness."""
    return _DIGITS.sub("0", text)


def grams(distinct: str, sizes: Iterable[int]) -> Counter[str]:
    """How often each run of `sizes` characters occurs within the pieces of `distinctive`."""
    counts: Counter[str] = Counter()
    wanted = tuple(sizes)
    for piece in distinct.split("|"):
        for size in wanted:
            for start in range(len(piece) - size + 1):
                counts[piece[start : start + size]] += 1
    return counts


def place_marks(distinct: str) -> frozenset[str]:
    """The two characters before each place ending: 建设路 and 人民路 give 建设 and 人民; 我们小区 names no place."""
    marks: set[str] = set()
    for piece in distinct.split("|"):
        for found in _PLACE_ENDING.finditer(piece):
            mark = piece[max(0, found.start() - _PLACE_CHARS) : found.start()]
            if len(mark) == _PLACE_CHARS and _NO_NAME.isdisjoint(mark) and not _PLACE_ENDING.fullmatch(mark):
                marks.add(mark)
    return frozenset(marks)
