"""One written form for matching: what looks alike to a reader compares alike to a rule."""

import re
import unicodedata
from collections.abc import Callable

_BLANKS = re.compile(r"\s+")
_BETWEEN_HAN = re.compile(r"(?<=[\u3400-\u9fff，。！？；：、])\s+(?=[\u3400-\u9fff，。！？；：、])")
_PUNCTUATION = str.maketrans({",": "，", "!": "！", "?": "？", ";": "；", ":": "：", "｡": "。"})
_SENTENCE_END = re.compile(r"(?<=[。！？；\n])")
_CLAUSE_END = re.compile(r"(?<=[，。！？；：\n])")


def normalise(text: str, simplify: Callable[[str], str] | None = None) -> str:
    """NFKC, lower case, Simplified Chinese where `simplify` is given, Chinese punctuation, single blanks.

    Offsets are not kept; the text that people read stays the original.
    """
    folded = unicodedata.normalize("NFKC", text).lower()
    if simplify is not None:
        folded = simplify(folded)
    folded = "".join(c for c in folded if unicodedata.category(c) not in {"Cf", "Cc"} or c in "\n\t")
    return _BETWEEN_HAN.sub("", _BLANKS.sub(" ", folded.translate(_PUNCTUATION))).strip()


def sentences(text: str) -> list[str]:
    """Sentences of a normalised text; a text without full stops is one."""
    return [s for s in _SENTENCE_END.split(text) if s.strip()]


def clauses(text: str) -> list[str]:
    """Clauses between any two punctuation marks."""
    return [s for s in _CLAUSE_END.split(text) if s.strip()]
