"""The gate: what is clear, what a person must hear, and what must never be shown as said."""

from __future__ import annotations

import pytest

from intake_media.domain.gate import WORTHLESS, Heard, faults, verdict

GOOD = "小区门口没有红绿灯上学放学的时候车很多建议安装信号灯"


def heard(text: str = GOOD, **other: float) -> Heard:
    figures = {"score": -0.2, "no_speech": 0.02, "speech_s": 7.0, "chinese": 1.0} | other
    return Heard(text, **figures)


def test_an_ordinary_note_has_no_fault() -> None:
    assert faults(heard()) == []
    assert verdict([[]], flags=(), speech_s=7.0, duration_s=8.0) == ("clear", ())


@pytest.mark.parametrize(
    ("text", "figures", "fault"),
    [
        ("", {}, "nothing-heard"),
        ("。", {}, "nothing-heard"),
        ("你不认识", {"score": -2.05, "no_speech": 0.72}, "no-speech-likely"),
        ("字幕由志愿者提供", {}, "known-hallucination"),
        ("请不吝点赞 订阅 转发 打赏支持明镜与点点栏目", {}, "known-hallucination"),
        ("谢谢大家观看", {}, "known-hallucination"),
        ("以下是普通话的句子。", {}, "known-hallucination"),
        ("嗯嗯嗯", {"score": -2.0, "no_speech": 0.5}, "noise-in-words"),
        ("去找他" * 12, {}, "repetition"),
        ("4-4-4-4-4-3-4-4-4-4-4", {}, "repetition"),
        ("我想问我在冰台新区有房我想问我在冰台新区有房", {}, "repetition"),
        ("不如我认为聪明律师的名字", {"score": -1.6, "chinese": 0.0}, "not-understood"),
    ],
)
def test_invented_text_is_worthless(text: str, figures: dict[str, float], fault: str) -> None:
    found = faults(heard(text, **figures))
    assert fault in found
    assert WORTHLESS.intersection(found)
    decided, _ = verdict([found], flags=(), speech_s=5.0, duration_s=6.0)
    assert decided in ("no-speech", "unusable")


@pytest.mark.parametrize(
    ("text", "figures", "fault"),
    [
        (GOOD, {"score": -0.6}, "low-confidence"),
        (GOOD, {"no_speech": 0.7}, "no-speech-possible"),
        (GOOD, {"chinese": 0.3}, "other-language"),
        (GOOD, {"speech_s": 1.0}, "unlikely-rate"),
        (GOOD, {"surprise": 9.5}, "unlikely-text"),
        ("please build a new bridge", {}, "not-chinese-text"),
        ("你好", {}, "too-little-said"),
        ("建议给社区志愿者开设摄影课程谢谢大家观看", {}, "possible-hallucination"),
    ],
)
def test_weak_text_is_doubtful_and_kept(text: str, figures: dict[str, float], fault: str) -> None:
    found = faults(heard(text, **figures))
    assert fault in found
    assert not WORTHLESS.intersection(found)
    assert verdict([found], flags=(), speech_s=5.0, duration_s=6.0)[0] == "doubtful"


@pytest.mark.parametrize(
    "text", ["给社区工作人员点赞", "组织志愿者陪伴辅导", "电视没有字幕老人看不懂", "希望主播不要诱导打赏"]
)
def test_words_of_credits_may_be_said_by_residents(text: str) -> None:
    assert "known-hallucination" not in faults(heard(text, speech_s=3.0))


def test_flags_of_the_decoder_make_it_doubtful() -> None:
    assert verdict([[]], flags=("damaged-media",), speech_s=7.0, duration_s=8.0) == ("doubtful", ("damaged-media",))


def test_a_cough_is_no_speech() -> None:
    assert verdict([], flags=(), speech_s=0.2, duration_s=5.0) == ("no-speech", ("no-speech-detected",))


def test_one_good_chunk_saves_a_recording_but_leaves_it_doubtful() -> None:
    assert verdict([[], ["repetition"]], flags=(), speech_s=20.0, duration_s=30.0)[0] == "doubtful"


def test_a_few_words_in_a_long_silence_are_doubtful() -> None:
    assert verdict([[]], flags=(), speech_s=2.0, duration_s=60.0) == ("doubtful", ("little-speech",))
