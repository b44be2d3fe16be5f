"""The compose file, checked without an engine: what it names exists, and each process gets what it reads."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.operations.principals import DESK_OPERATOR, PRINCIPALS, password_variable
from tests.contract.deploy.settings_of import CLASSES, PORTS, SECRETS, WORKER_PORT, secrets_read_by, variables

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
RUN: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = sorted(CLASSES)
REFERENCE = re.compile(r"\$\{(\w+)(?:(:?[-?])([^}]*))?\}")


def made_env(tmp_path: Path) -> dict[str, str]:
    file = tmp_path / "made.env"
    subprocess.run(["sh", str(DEPLOY / "make-env"), str(file)], check=True, capture_output=True)
    assert file.stat().st_mode & 0o077 == 0
    return dict(line.split("=", 1) for line in file.read_text().splitlines())


def resolved(text: str, env: dict[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        name, kind, default = found.groups()
        if kind and "?" in kind:
            assert env.get(name), f"{name} is needed and make-env does not write it"
        return env.get(name) or (default if kind and "-" in kind else "")

    return REFERENCE.sub(value, text)


def test_every_process_of_ours_is_there() -> None:
    assert set(OURS) <= set(RUN)
    assert {"kafka", "mongo", "mail-catcher"} <= set(RUN)


@pytest.mark.parametrize("name", OURS)
def test_every_variable_given_is_one_that_the_process_reads(name: str) -> None:
    assert set(RUN[name]["environment"]) <= variables(name)


@pytest.mark.parametrize("name", OURS)
def test_each_process_starts_on_the_secrets_of_make_env_and_gets_no_key_that_it_does_not_read(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = made_env(tmp_path)
    given = {variable: resolved(str(value), env) for variable, value in RUN[name]["environment"].items()}
    for variable in variables(name):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in given.items():
        monkeypatch.setenv(variable, value)
    for settings in CLASSES[name]:
        settings()
    keys = {env[key] for key in SECRETS}
    assert {value for value in given.values() if value in keys} == {env[key] for key in secrets_read_by(name)}


def test_each_service_logs_in_as_itself_and_only_provisioning_and_tools_as_the_administrator() -> None:
    for name in OURS:
        env = RUN[name]["environment"]
        user = "intake-media" if name.startswith("worker-") else name
        if name in {"provision", "hotline", "republish"}:
            assert (env["KAFKA_USERNAME"], env["KAFKA_PASSWORD"]) == ("admin", "${KAFKA_ADMIN_PASSWORD:?}")
        else:
            assert (env["KAFKA_USERNAME"], env["KAFKA_PASSWORD"]) == (user, f"${{{password_variable(user)}:?}}")
    assert {password_variable(one) for one in PRINCIPALS} <= set(RUN["provision"]["environment"])
    holders = {name for name in OURS if password_variable(DESK_OPERATOR) in RUN[name]["environment"]}
    assert holders == {"provision", "router"}


@pytest.mark.parametrize("name", [name for name in OURS if name not in {"provision", "hotline", "republish"}])
def test_the_health_check_asks_readiness_at_the_process_own_port(name: str) -> None:
    port = PORTS.get(name, WORKER_PORT)
    assert f"'http://127.0.0.1:{port}/health/ready'" in RUN[name]["healthcheck"]["test"][-1]
    if name in PORTS:
        field = f"{name.replace('-', '_')}_port"
        assert CLASSES[name][0].model_fields[field].get_default(call_default_factory=True) == port
    else:
        assert RUN[name]["environment"]["WORKER_PORT"] == str(WORKER_PORT)


def test_one_service_per_channel_so_that_each_scales_alone() -> None:
    commands = {name: RUN[name]["command"] for name in RUN if name.startswith("worker-")}
    assert commands == {f"worker-{c}": ["worker", "--channel", c] for c in ("voice", "video")}
    assert not any("ports" in RUN[name] or "container_name" in RUN[name] for name in commands)


def test_mounted_files_of_ours_exist_and_volumes_and_networks_are_declared() -> None:
    made_on_demand = {"./tls", "./models/whisper-base"}
    for service in RUN.values():
        for mount in service.get("volumes", ()):
            source = resolved(mount, {}).split(":")[0]
            if source.startswith("."):
                assert source in made_on_demand or (DEPLOY / source).exists(), source
            else:
                assert source in COMPOSE["volumes"], source
        assert set(service["networks"]) <= set(COMPOSE["networks"])
        assert set(service.get("depends_on", ())) <= set(RUN)


def test_nothing_of_ours_can_gain_privileges() -> None:
    for name in OURS:
        if name != "provision":
            assert RUN[name]["security_opt"] == ["no-new-privileges:true"]
            assert RUN[name]["cap_drop"] == ["ALL"]


def test_desk_and_mail_catcher_are_not_published_beyond_this_host() -> None:
    for name in ("router", "mail-catcher", "grafana"):
        assert all(port.startswith("127.0.0.1:") for port in RUN[name]["ports"])
    assert "ports" not in RUN["mongo"]


def test_make_env_keeps_what_is_there(tmp_path: Path) -> None:
    first = made_env(tmp_path)
    assert made_env(tmp_path) == first
    assert len(set(first.values())) == len(first)
