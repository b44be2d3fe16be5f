"""Loops of an engine, and what people say twice."""

from __future__ import annotations

from intake_media.domain.repetition import repeats_itself


def test_emphasis_is_no_loop() -> None:
    assert not repeats_itself("太吵了太吵了请管一管晚上十一点还在施工")
    assert not repeats_itself("一二三四五六七八九十")
