"""Keys are made once, kept private, and handed only to those who need them."""

import base64
import stat
from pathlib import Path

import pytest

from minsheng import keys, stack
from minsheng.places import Places

CRYPTOGRAPHIC = ("VAULT_KEY", "RECEIPT_KEY", "MEDIA_GRANT_KEY", "DESK_SESSION_KEY")


def places(folder: Path) -> Places:
    return Places.from_environment({"MINSHENG_STATE": str(folder)})


def test_each_key_has_32_random_bytes(tmp_path: Path) -> None:
    made = keys.ensure(places(tmp_path), {})
    lengths = {name: len(base64.b64decode(made[name])) for name in CRYPTOGRAPHIC}
    assert lengths == dict.fromkeys(CRYPTOGRAPHIC, 32)
    assert len({made[name] for name in CRYPTOGRAPHIC}) == 4


def test_a_second_start_finds_the_same_keys(tmp_path: Path) -> None:
    first = keys.ensure(places(tmp_path), {})
    assert keys.ensure(places(tmp_path), {}) == first


def test_only_the_owner_may_read_the_file(tmp_path: Path) -> None:
    keys.ensure(places(tmp_path), {})
    assert stat.S_IMODE((tmp_path / "secrets.env").stat().st_mode) == 0o600


def test_a_key_in_the_environment_wins_and_is_not_written(tmp_path: Path) -> None:
    assert keys.ensure(places(tmp_path), {"VAULT_KEY": "given"})["VAULT_KEY"] == "given"
    assert "given" not in (tmp_path / "secrets.env").read_text()


def test_the_vault_key_goes_to_those_who_handle_contact_data_and_nobody_else(tmp_path: Path) -> None:
    holders = {process.name for process in stack.plan(places(tmp_path)) if "VAULT_KEY" in process.secrets}
    assert holders == {"intake-web", "intake-media", "notifier"}


def test_the_common_environment_holds_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAULT_KEY", "must-not-leak")
    assert not set(CRYPTOGRAPHIC) & set(stack.environment(places(tmp_path)))
