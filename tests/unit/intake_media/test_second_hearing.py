"""What is heard again: where a short window may have made the text up."""

from __future__ import annotations

from intake_media.domain.gate import WORTHLESS, Heard, faults
from intake_media.domain.second_hearing import worth_a_retry

GOOD = "小区门口没有红绿灯上学放学的时候车很多建议安装信号灯"


def heard(text: str = GOOD, **other: float) -> Heard:
    figures = {"score": -0.2, "no_speech": 0.02, "speech_s": 7.0, "chinese": 1.0} | other
    return Heard(text, **figures)


def test_only_a_text_that_a_short_window_may_have_made_up_is_read_again() -> None:
    assert worth_a_retry(heard("去找他" * 12))
    assert not worth_a_retry(heard("去找他" * 12, chinese=0.01))
    assert not worth_a_retry(heard(score=-0.6))
    begun_anew = heard("大学生利用漏洞免费吃肯德基或行大学生利用漏洞免费吃肯德基或行大学生", speech_s=4.4)
    assert worth_a_retry(begun_anew)
    assert not WORTHLESS.intersection(faults(begun_anew))  # somebody may have said it twice: the full window decides
    assert not worth_a_retry(heard("我建议增加公交车次，我建议增加路灯"))
    assert worth_a_retry(heard("我建议在小区\ufffd", speech_s=3.0))
    assert worth_a_retry(heard("我建议在小区门口", speech_s=7.0))
