"""A grant opens one file of one recording for one audience until its time, and nothing else."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest

from shared.media_grants import DESK, MediaGrants
from shared.receipts import Receipts
from tests.support.clock import FrozenClock

SUGGESTION = "01M86APNXFAZ8F96QDBX48EVEV"
KEY = base64.b64encode(b"g" * 32).decode()
NOW = FrozenClock().now()
GRANTS = MediaGrants(KEY)
GRANT = GRANTS.issue(SUGGESTION, "playback", audience=DESK, until=NOW + timedelta(hours=1))


def test_it_opens_what_it_was_issued_for() -> None:
    assert GRANTS.suggestion_of(GRANT, "playback", audience=DESK, now=NOW) == SUGGESTION


@pytest.mark.parametrize(
    ("role", "audience", "later"),
    [
        ("original", DESK, timedelta()),
        ("captions", DESK, timedelta()),
        ("playback", "elsewhere", timedelta()),
        ("playback", DESK, timedelta(hours=1)),
    ],
)
def test_it_opens_no_other_file_to_no_one_else_and_not_for_ever(role: str, audience: str, later: timedelta) -> None:
    assert GRANTS.suggestion_of(GRANT, role, audience=audience, now=NOW + later) is None


def test_another_key_and_a_changed_sign_open_nothing() -> None:
    other = MediaGrants(base64.b64encode(b"h" * 32).decode())
    assert other.suggestion_of(GRANT, "playback", audience=DESK, now=NOW) is None
    for at in range(len(GRANT)):
        forged = GRANT[:at] + ("A" if GRANT[at] != "A" else "B") + GRANT[at + 1 :]
        assert GRANTS.suggestion_of(forged, "playback", audience=DESK, now=NOW) is None


@pytest.mark.parametrize("text", ["", "x", "é", GRANT[:-4], GRANT + "AAAA", "!" * 48, GRANT[:-1] + "\n"])
def test_anything_else_is_no_grant(text: str) -> None:
    assert GRANTS.suggestion_of(text, "playback", audience=DESK, now=NOW) is None


def test_a_tracking_token_is_no_grant_and_a_grant_no_token_even_under_one_key() -> None:
    token = Receipts(KEY).token(SUGGESTION)
    assert GRANTS.suggestion_of(token, "playback", audience=DESK, now=NOW) is None
    assert Receipts(KEY).suggestion_of(GRANT) is None


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        MediaGrants(base64.b64encode(b"short").decode())
