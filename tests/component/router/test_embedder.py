"""The embedding engine inside the wheel: deterministic, bounded, and closer for what means the same."""

from __future__ import annotations

import numpy as np
import pytest

from router.adapters.embedder import LONGEST, Embedder
from router.adapters.topic_lexicon import topic_lexicon
from router.domain.features import meaning_rows

PAIR = ("小区门口的路灯坏了", "我家楼下路灯不亮")
OTHERS = ("医院挂号要排队三小时", "学校食堂的饭菜太贵", "公交末班车太早", "养猪场臭气熏天", "单位拖欠工资")


@pytest.fixture(scope="module")
def embed() -> Embedder:
    return Embedder()


def test_company_does_not_change_a_vector(embed: Embedder) -> None:
    together = embed(list(PAIR + OTHERS))
    assert together.shape == (7, 384)
    assert np.array_equal(together[3], embed([OTHERS[1]])[0])


def test_what_means_the_same_is_nearer_than_anything_else(embed: Embedder) -> None:
    vectors = embed(list(PAIR + OTHERS))
    rows = meaning_rows(vectors, vectors.mean(axis=0))
    likeness = rows[0] @ rows[1:].T
    assert likeness.argmax() == 0


def test_only_the_beginning_of_a_long_text_is_read(embed: Embedder) -> None:
    text = "路灯坏了。" * 200
    assert np.array_equal(embed([text])[0], embed([text[:LONGEST]])[0])


def test_a_nul_or_an_empty_text_does_no_harm(embed: Embedder) -> None:
    assert np.isfinite(embed(["", "路灯\0坏了"])).all()
    assert not np.array_equal(embed(["路灯\0坏了"])[0], embed(["路灯"])[0])


def test_every_topic_has_words_and_no_word_is_a_single_letter_of_noise() -> None:
    topics = topic_lexicon()
    assert len(topics) > 80
    assert all(words for words in topics.values())
