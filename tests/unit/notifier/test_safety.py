"""What strangers typed can't turn our mail into a carrier for their own."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from notifier.domain.safety import SUMMARY_CHARS, greeting_name, mail_address, summary
from shared.errors import PermanentError


@pytest.mark.parametrize("raw", ["li.ming@example.org", " li+jianyi@mail.example.com ", "user@例子.中国"])
def test_one_plain_address_is_taken(raw: str) -> None:
    found = mail_address(raw)
    assert found is not None
    assert found.isascii()
    assert found.count("@") == 1


@given(st.text(max_size=300))
@example("0@´")
def test_no_text_yields_an_address_with_signs_that_could_end_a_header(raw: str) -> None:
    try:
        address = mail_address(raw)
    except PermanentError:
        return  # refused is fine; anything else that is raised is not
    assert address is None or not set(address) & set('\r\n\0 ,;<>"')


@pytest.mark.parametrize(
    "advert",
    ["加微信 www.bad-shop.top 领奖", "点击 https://evil.example/x?a=1 查看", "联系13800001234办理", "写信 win@evil.cn"],
)
def test_a_quotation_carries_no_link_address_or_number(advert: str) -> None:
    quoted = summary(advert)
    assert "…" in quoted
    for part in ("bad-shop", "evil", "13800001234", "://"):
        assert part not in quoted


@given(st.text(max_size=500))
def test_a_quotation_is_one_short_line(text: str) -> None:
    quoted = summary(text)
    assert len(quoted) <= SUMMARY_CHARS
    assert not set(quoted) & set("\r\n\t\0")


@pytest.mark.parametrize("name", ["李明", "阿卜杜拉·买买提", "Anne-Marie O'Neil"])
def test_names_are_greeted(name: str) -> None:
    assert greeting_name(name) == name


@pytest.mark.parametrize(
    "name", ["中奖了！速领", "http://evil.cn", "免费领取手机13800001234", "好" * 21, "a.cn 领奖", None]
)
def test_what_is_no_name_is_not_greeted(name: str | None) -> None:
    assert greeting_name(name) == ""
