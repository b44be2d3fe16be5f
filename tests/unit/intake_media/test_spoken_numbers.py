"""Numbers as they were said, where there is one way to say them."""

import pytest

from intake_media.domain.spoken_numbers import as_said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("工厂产量已下降超50%", "工厂产量已下降超百分之五十"),
        ("涨了3.5%。", "涨了百分之三点五。"),
        ("占100%", "占百分之一百"),
        ("12路公交车", "十二路公交车"),
        ("晚上11点还在施工", "晚上十一点还在施工"),
        ("每天清运2次", "每天清运两次"),
        ("等了2年", "等了两年"),
        ("2年级的学生", "二年级的学生"),
        ("住在2号楼2单元", "住在二号楼二单元"),
        ("第2次反映", "第二次反映"),
        ("10个人，20个人，25个人", "十个人，二十个人，二十五个人"),
        ("0分", "零分"),
        ("2024年以来", "二零二四年以来"),
        ("交了200元", "交了两百元"),
        ("1,500块", "一千五百块"),
        ("10000户", "一万户"),
        ("203400元", "二十万零三千四百元"),
        ("100300人", "十万零三百人"),
        ("200万", "两百万"),
        ("2万多", "两万多"),
        ("长3.25公里", "长三点二五公里"),
    ],
)
def test_a_number_that_is_said_in_one_way_is_written_so(written: str, said: str) -> None:
    assert as_said(written) == said


@pytest.mark.parametrize(
    "text",
    [
        "打110没人接",
        "12345热线",
        "我家在302室",
        "电话是13800000000",
        "早上8:30开门",
        "3-5天",
        "5G信号和PM2.5",
        "G60高速",
        "05号",
        "1.2.3版",
        "365天",
        "12345.6元",
        "4000000000年",
    ],
)
def test_a_number_that_may_have_been_said_in_two_ways_stays_in_figures(text: str) -> None:
    assert as_said(text) == text


@pytest.mark.parametrize("text", ["", "没有数字，也没有百分之几。", "十二路"])
def test_a_text_without_figures_stays(text: str) -> None:
    assert as_said(text) == text
