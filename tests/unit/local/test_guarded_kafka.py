"""`SECURE=1`: each process gets its own login and nobody else's; open and guarded logs are never mixed."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from minsheng import guarded_kafka, kafka, keys, stack
from minsheng.places import Places
from minsheng.ports import CannotStart


def places(state: Path, **env: str) -> Places:
    return Places.from_environment({"MINSHENG_STATE": str(state), **env})


def as_if_formatted(state: Path, kind: str | None) -> None:
    data = state / "kafka/data"
    data.mkdir(parents=True)
    (data / "meta.properties").write_text("version=1\nnode.id=1\ncluster.id=abc\n")
    if kind is not None:
        (state / "kafka/kind").write_text(kind)


@pytest.mark.parametrize(("word", "secure"), [("1", True), ("yes", True), ("", False), ("0", False), ("no", False)])
def test_secure_is_a_plain_yes_or_no(tmp_path: Path, word: str, secure: bool) -> None:
    assert places(tmp_path, SECURE=word).secure is secure


@pytest.mark.parametrize(
    ("kind", "secure", "said"),
    [
        ("guarded", "", "made with SECURE=1: start it with SECURE=1"),
        ("open", "1", "made without SECURE=1: start it without SECURE=1"),
        (None, "1", "made without SECURE=1"),  # of a time before the mark
    ],
)
def test_a_log_of_the_other_kind_is_refused_and_the_ways_out_are_named(
    tmp_path: Path, kind: str | None, secure: str, said: str
) -> None:
    as_if_formatted(tmp_path, kind)
    with pytest.raises(CannotStart, match="MINSHENG_STATE") as refused:
        kafka.prepare(places(tmp_path, SECURE=secure))
    assert said in str(refused.value)


def test_secure_with_a_given_broker_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="KAFKA_BOOTSTRAP_SERVERS"):
        guarded_kafka.refuse_mixing(places(tmp_path, SECURE="1", KAFKA_BOOTSTRAP_SERVERS="kafka.example:9092"))


def test_the_files_with_passwords_are_for_this_user_only(tmp_path: Path) -> None:
    as_if_formatted(tmp_path, "guarded")
    here = places(tmp_path, SECURE="1")
    properties = kafka.prepare(here)
    for file in (properties, tmp_path / "secrets.env"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert keys.ensure(here)[keys.ADMIN_PASSWORD] in properties.read_text()


def test_no_password_is_in_the_broker_s_command_line(tmp_path: Path) -> None:
    as_if_formatted(tmp_path, "guarded")
    here = places(tmp_path, SECURE="1")
    command = " ".join(kafka.command(tmp_path, kafka.prepare(here)))
    assert not any(password in command for password in keys.ensure(here).values())


def test_each_process_gets_its_own_password_and_no_other(tmp_path: Path) -> None:
    as_if_formatted(tmp_path, "guarded")
    here = places(tmp_path, SECURE="1")
    secrets = keys.ensure(here)
    passwords = {name: secrets[name] for name in keys.PASSWORDS}
    assert len(set(passwords.values())) == len(keys.PASSWORDS)
    for process in stack.plan(here):
        given = stack.environment(here) | dict(process.env) | stack.kafka_login(process, here, secrets)
        held = {name for name, password in passwords.items() if password in given.values()}
        if process.kind == "infrastructure":
            assert held == set()
        else:
            user = "intake-media" if process.kind == "worker" else process.name
            assert given["KAFKA_USERNAME"] == user
            also = {"DESK_OPERATOR_KAFKA_PASSWORD"} if process.name == "router" else set()
            assert held == {f"{user.upper().replace('-', '_')}_KAFKA_PASSWORD"} | also


def test_an_open_broker_s_processes_get_no_login_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_USERNAME", "left-over")
    monkeypatch.setenv("KAFKA_PASSWORD", "left-over")
    here = places(tmp_path)
    secrets = keys.ensure(here)
    for process in stack.plan(here):
        given = stack.environment(here) | stack.kafka_login(process, here, secrets)
        assert "KAFKA_USERNAME" not in given
        assert "KAFKA_PASSWORD" not in given


def test_passwords_stay_what_the_broker_was_told_whatever_the_environment_says(tmp_path: Path) -> None:
    here = places(tmp_path)
    first = keys.ensure(here, {})
    again = keys.ensure(here, {"KAFKA_ADMIN_PASSWORD": "other", "VAULT_KEY": "given"})
    assert again[keys.ADMIN_PASSWORD] == first[keys.ADMIN_PASSWORD]
    assert again["VAULT_KEY"] == "given"
