"""Transcripts are written with Chinese marks where Chinese is written, and nowhere else."""

from __future__ import annotations

import pytest

from intake_media.domain.language_model import spoken_characters
from intake_media.domain.punctuation import full_width


@pytest.mark.parametrize(
    ("heard", "written"),
    [
        ("学校门口没有红绿灯,早上很危险", "学校门口没有红绿灯，早上很危险"),
        ("能不能装一个?谢谢!", "能不能装一个？谢谢！"),
        ("我的建议是:多种树;少停车.", "我的建议是：多种树；少停车。"),
        ("路灯坏了, 请来修", "路灯坏了，请来修"),
        ("路灯坏了 ,请来修", "路灯坏了，请来修"),
        ("补贴是1,000元,请公布", "补贴是1,000元，请公布"),
        ("早上10:30到12:00,没有车", "早上10:30到12:00，没有车"),
        ("一共3,我数过", "一共3，我数过"),
        ("小区有WiFi,但是很慢", "小区有WiFi，但是很慢"),
        ("他说OK,thank you, bye", "他说OK,thank you, bye"),
        ("“好”,他说", "“好”，他说"),
        ("涨了3.5元.", "涨了3.5元。"),
        ("版本3.11很好", "版本3.11很好"),
        ("等等...再说", "等等...再说"),
        ("已经，写好。", "已经，写好。"),
        ("车很多 孩子过马路 很危险", "车很多，孩子过马路，很危险"),
        ("秩序很乱。 希望管一管", "秩序很乱。希望管一管"),
        ("人 民 路太窄", "人 民 路太窄"),
        ("用 WiFi 上网 2 小时", "用 WiFi 上网 2 小时"),
        ("", ""),
    ],
)
def test_marks_beside_chinese_are_full_width_and_numbers_stay(heard: str, written: str) -> None:
    assert full_width(heard) == written
    assert full_width(written) == written


@pytest.mark.parametrize("text", ["学校门口没有红绿灯,早上很危险", "补贴是1,000元,请公布.", "车多 孩子怕", "a,b;c"])
def test_what_is_heard_does_not_change(text: str) -> None:
    assert spoken_characters(full_width(text)) == spoken_characters(text)
