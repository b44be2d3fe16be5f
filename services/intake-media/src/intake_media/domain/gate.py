"""Decides whether a machine's text may be trusted: clear, doubtful, no-speech or unusable, and why.

The thresholds were set on Mandarin notes, clean and with noise beneath, against generated silence, noise, music,
tones, hum, traffic, babble, English and robot speech (tests/connected/intake_media).
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from intake_media.domain.language_model import spoken_characters
from shared.contracts.suggestions import Verdict

MIN_SPEECH_S = 0.4
"""Less speech than this in a whole recording is a click or a cough."""

# Whisper's own figures for "nobody speaks", stricter because a person may still listen.
_NO_SPEECH, _UNSURE_LOGPROB = 0.6, -1.0
_LOOP_COMPRESSION = 2.4
_DOUBTFUL_LOGPROB = -0.8
_DOUBTFUL_NO_SPEECH = 0.75
_CHARACTERS_A_SECOND = (0.8, 9.5)
_MIN_SPEECH_SHARE = 0.12
_MIN_CHINESE = 0.5
_MIN_CHINESE_CHARACTERS = 0.6
_MAX_SURPRISE = 8.5

# What Whisper has seen under silent film: subtitle credits, thanks for watching, and sounds in words.
_INVENTED = re.compile(
    r"字幕|订阅|点赞|打赏|明镜|点点栏目|感谢(您的)?(观看|收看|聆听)|谢谢(大家)?(的)?(观看|收看|收听)|请不吝|"
    r"amara|subtitle|subscribe|thankyouforwatching|中文字幕|志愿者提供|以下是普通话|制作人|作词|作曲|编曲"
)
_SOUNDS = re.compile(
    r"^(嗯|啊|哦|呃|哎|唉|喂|哈|呵|嘿|唔|噢|咦|呀|音乐|掌声|笑声|我|你|好|的|是|对|不|谢谢|再见|拜拜|一)+$"
)


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


def compression(text: str) -> float:
    """UTF-8 length over its deflated length, as Whisper computes it: loops exceed 2.4."""
    raw = text.encode()
    return len(raw) / len(zlib.compress(raw)) if raw else 0.0


def repeats_itself(text: str) -> bool:
    """A loop, the same words four times and more, or one sentence written twice."""
    spoken = spoken_characters(text)
    if compression(text) > _LOOP_COMPRESSION:
        return True
    if re.search(r"(.{1,3})\1{4,}", spoken) or re.search(r"(.{4,})\1{2,}", spoken):
        return True
    half = len(spoken) // 2
    if half >= 6 and spoken[:half] == spoken[half : 2 * half]:
        return True
    for start in range(half, half + 3):
        if start >= 8 and len(spoken) - start >= 8 and spoken.startswith(spoken[start:][:14]):
            return True
    grams = Counter(spoken[at : at + 4] for at in range(len(spoken) - 3))
    return bool(grams) and max(grams.values()) >= 4 and len(spoken) < 120


def is_noise_in_words(text: str) -> bool:
    """Only interjections, a sound's name or a film's credits: nothing that anyone suggests."""
    spoken = spoken_characters(text)
    return not spoken or bool(_SOUNDS.match(spoken)) or bool(_INVENTED.search(spoken))


def faults(heard: Heard) -> list[str]:
    """What speaks against the text of one chunk; the first ones alone make it worthless."""
    spoken = spoken_characters(heard.text)
    found = []
    if not spoken:
        found.append("nothing-heard")
        return found
    if heard.no_speech > _NO_SPEECH and heard.score < _UNSURE_LOGPROB:
        found.append("no-speech-likely")
    if is_noise_in_words(heard.text):
        found.append("known-hallucination")
    if repeats_itself(heard.text):
        found.append("repetition")
    rate = len(spoken) / max(heard.speech_s, 0.1)
    if not _CHARACTERS_A_SECOND[0] <= rate <= _CHARACTERS_A_SECOND[1]:
        found.append("unlikely-rate")
    if any(echo and echo in spoken for echo in heard.echoes):
        found.append("prompt-echo")
    if heard.score < _DOUBTFUL_LOGPROB:
        found.append("low-confidence")
    if heard.no_speech > _DOUBTFUL_NO_SPEECH:
        found.append("no-speech-possible")
    if heard.chinese is not None and heard.chinese < _MIN_CHINESE:
        found.append("other-language")
    if sum("\u4e00" <= character <= "\u9fff" for character in spoken) < _MIN_CHINESE_CHARACTERS * len(spoken):
        found.append("not-chinese-text")
    if heard.surprise is not None and heard.surprise > _MAX_SURPRISE:
        found.append("unlikely-text")
    return found


WORTHLESS = frozenset({"nothing-heard", "no-speech-likely", "known-hallucination", "repetition", "prompt-echo"})
"""Faults that leave no text worth showing: the sound is kept, a person listens."""

RETRY = frozenset({"repetition", "unlikely-rate", "nothing-heard", "low-confidence"})
"""Faults that a second reading at the full window may mend."""


def verdict(
    per_chunk: Sequence[Sequence[str]], *, flags: Sequence[str], speech_s: float, duration_s: float
) -> tuple[Verdict, tuple[str, ...]]:
    """The verdict over a recording from its chunks' faults and the decoder's flags, with all reasons in order."""
    reasons = list(dict.fromkeys([*flags, *(fault for chunk in per_chunk for fault in chunk)]))
    if not per_chunk or speech_s < MIN_SPEECH_S:
        return "no-speech", tuple(dict.fromkeys([*flags, "no-speech-detected"]))
    worthless = [WORTHLESS.intersection(chunk) for chunk in per_chunk]
    if all(worthless):
        loops = any("repetition" in chunk for chunk in worthless)
        return ("unusable" if loops else "no-speech"), tuple(reasons)
    if speech_s < _MIN_SPEECH_SHARE * duration_s:
        reasons.append("little-speech")
    return ("doubtful" if reasons else "clear"), tuple(reasons)
