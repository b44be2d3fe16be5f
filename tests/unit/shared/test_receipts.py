"""Query codes and tokens: derived, unguessable, forgiving to type."""

from __future__ import annotations

import base64

import pytest
from ulid import ULID

from shared.receipts import CODE_ALPHABET, Receipts

KEY = base64.b64encode(b"k" * 32).decode()
OTHER = base64.b64encode(b"o" * 32).decode()


def test_the_same_suggestion_gives_the_same_receipt_and_another_key_another() -> None:
    suggestion_id = str(ULID())
    assert Receipts(KEY).query_code(suggestion_id) == Receipts(KEY).query_code(suggestion_id)
    assert Receipts(KEY).query_code(suggestion_id) != Receipts(OTHER).query_code(suggestion_id)


def test_a_code_is_four_groups_of_four_from_an_alphabet_without_lookalikes() -> None:
    code = Receipts(KEY).query_code(str(ULID()))
    groups = code.split("-")
    assert [len(group) for group in groups] == [4, 4, 4, 4]
    assert len(set(CODE_ALPHABET)) == 32
    assert set(code) - {"-"} <= set(CODE_ALPHABET)
    assert not set("01OI") & set(CODE_ALPHABET)


@pytest.mark.parametrize("typed", ["{}", " {} ", "lower", "nohyphen", "spaces"])
def test_a_code_is_found_however_it_is_typed(typed: str) -> None:
    receipts = Receipts(KEY)
    code = receipts.query_code(str(ULID()))
    variants = {"lower": code.lower(), "nohyphen": code.replace("-", ""), "spaces": code.replace("-", " ")}
    assert receipts.code_hash(variants.get(typed, typed.format(code))) == receipts.code_hash(code)


def test_a_token_names_its_suggestion_and_any_change_to_it_names_none() -> None:
    receipts = Receipts(KEY)
    suggestion_id = str(ULID())
    token = receipts.token(suggestion_id)
    assert receipts.suggestion_of(token) == suggestion_id
    for place in range(len(token)):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert receipts.suggestion_of(changed) is None, place
    assert receipts.suggestion_of("") is None
    assert receipts.suggestion_of("../../etc/passwd") is None
    assert Receipts(OTHER).suggestion_of(token) is None


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Receipts(base64.b64encode(b"short").decode())
