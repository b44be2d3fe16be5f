"""Decides whether a machine's text may be trusted: clear, doubtful, no-speech or unusable, and why.

The thresholds were set on Mandarin notes, clean and with noise beneath, against generated silence, noise, music,
tones, hum, traffic, babble, English and robot speech (tests/connected/intake_media).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from intake_media.domain.coverage import Unheard
from intake_media.domain.language_model import spoken_characters
from intake_media.domain.repetition import repeats_itself
from shared.contracts.suggestions import Verdict

MIN_SPEECH_S = 0.4
"""Less speech than this in a whole recording is a click or a cough."""

# Whisper's own figures for "nobody speaks".
_NO_SPEECH, _UNSURE_LOGPROB = 0.6, -1.0
# Mandarin notes score −0.1…−0.3 clean and −0.8 under noise as loud as the voice; from −0.45 a quarter of the
# characters is wrong. What was not Mandarin speech scored below −1 or left `chinese` below 0.1 (speech: above 0.97).
_DOUBTFUL_LOGPROB = -0.45
_NOT_UNDERSTOOD_LOGPROB, _FOREIGN_LOGPROB = -1.3, -0.9
_DOUBTFUL_NO_SPEECH = 0.6
_DOUBTFUL_CHINESE, _FOREIGN_CHINESE = 0.9, 0.5
_CHARACTERS_A_SECOND = (0.8, 9.5)
_MISSING_S = 2.5
_MIN_SPEECH_SHARE = 0.12
_MIN_CHINESE_CHARACTERS = 0.6
_MAX_SURPRISE = 8.5

# What Whisper has seen under silent film. Only phrases of credits: a resident may well say 点赞 or 志愿者.
_CREDITS = re.compile(
    r"(中文)?字幕(志愿者|由|制作|组|提供|by)\w*|请不吝点赞\w*|(订阅|点赞|转发|打赏)+支持\w*|明镜与点点栏目|"
    r"(感谢|谢谢)(您的|你的|大家的|大家)?(观看|收看|收听|聆听)|以下是普通话的句子|\w*amara\w*|thankyouforwatching|"
    r"subtitlesby\w*|(作词|作曲|编曲|演唱)\w{0,8}"
)
_INTERJECTIONS = re.compile(r"^[嗯啊哦呃哎唉喂哈呵嘿唔噢咦呀我你好的是对不一谢再见拜]+$|^(音乐|掌声|笑声)+$")
_REST_OF_CREDITS = 8
"""Characters beside credits up to which the whole text is taken for credits."""


@dataclass(frozen=True)
class Heard:
    """The chosen text of one chunk with the figures that judge it; lengths in seconds, scores as in `Reading`."""

    text: str
    score: float
    no_speech: float
    speech_s: float
    chinese: float | None = None
    surprise: float | None = None
    alternatives: tuple[str, ...] = ()
    echoes: tuple[str, ...] = ()
    starts_s: tuple[float, ...] = ()
    """When each spoken character begins, from the start of the recording; empty where nobody asked."""
    unheard: Unheard | None = None
    """Speech without a word in it."""

    @property
    def rate(self) -> float:
        """Characters per second of speech."""
        return len(spoken_characters(self.text)) / max(self.speech_s, 0.1)

    @property
    def foreign(self) -> bool:
        """Whether it is speech in another language, or none."""
        return self.chinese is not None and self.chinese < _FOREIGN_CHINESE


def faults(heard: Heard) -> list[str]:
    """What speaks against the text of one chunk, in stable kebab-case names; see `WORTHLESS`."""
    spoken = spoken_characters(heard.text)
    if not spoken:
        return ["nothing-heard"]
    rest = _CREDITS.sub("", spoken)
    chinese_characters = sum("\u4e00" <= character <= "\u9fff" for character in spoken)
    checks = {
        "no-speech-likely": heard.no_speech > _NO_SPEECH and heard.score < _UNSURE_LOGPROB,
        "known-hallucination": len(rest) < len(spoken) and len(rest) <= _REST_OF_CREDITS,
        "noise-in-words": bool(_INTERJECTIONS.match(spoken)) and (heard.score < -0.8 or heard.no_speech > 0.4),
        "repetition": repeats_itself(heard.text),
        "prompt-echo": any(echo and echo in spoken for echo in heard.echoes),
        "not-understood": heard.score < (_FOREIGN_LOGPROB if heard.foreign else _NOT_UNDERSTOOD_LOGPROB),
        "possible-hallucination": len(rest) < len(spoken),
        "too-little-said": len(spoken) < 3 or bool(_INTERJECTIONS.match(spoken)),
        "unlikely-rate": not _CHARACTERS_A_SECOND[0] <= heard.rate <= _CHARACTERS_A_SECOND[1],
        "words-missing": heard.unheard is not None and heard.unheard.speech_s > _MISSING_S,
        "low-confidence": heard.score < _DOUBTFUL_LOGPROB,
        "no-speech-possible": heard.no_speech > _DOUBTFUL_NO_SPEECH,
        "other-language": heard.chinese is not None and heard.chinese < _DOUBTFUL_CHINESE,
        "not-chinese-text": chinese_characters < _MIN_CHINESE_CHARACTERS * len(spoken),
        "unlikely-text": heard.surprise is not None and heard.surprise > _MAX_SURPRISE,
    }
    return [name for name, wrong in checks.items() if wrong]


_NOBODY = frozenset({"nothing-heard", "no-speech-likely", "known-hallucination", "noise-in-words", "prompt-echo"})

WORTHLESS = _NOBODY | {"repetition", "not-understood"}
"""Faults that leave no text worth showing: the sound is kept, a person listens."""


def verdict(
    per_chunk: Sequence[Sequence[str]], *, flags: Sequence[str], speech_s: float, duration_s: float
) -> tuple[Verdict, tuple[str, ...]]:
    """The verdict over a recording from its chunks' faults and the decoder's flags, with all reasons in order."""
    reasons = list(dict.fromkeys([*flags, *(fault for chunk in per_chunk for fault in chunk)]))
    if not per_chunk or speech_s < MIN_SPEECH_S:
        return "no-speech", tuple(dict.fromkeys([*flags, "no-speech-detected"]))
    if all(WORTHLESS.intersection(chunk) for chunk in per_chunk):
        nobody = all(_NOBODY.intersection(chunk) for chunk in per_chunk)
        return ("no-speech" if nobody else "unusable"), tuple(reasons)
    if speech_s < _MIN_SPEECH_SHARE * duration_s:
        reasons.append("little-speech")
    return ("doubtful" if reasons else "clear"), tuple(reasons)
