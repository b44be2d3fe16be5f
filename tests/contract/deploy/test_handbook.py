"""What deploy/README.md tells operators to type exists."""

from __future__ import annotations

import re
from pathlib import Path

import typer
import yaml
from typer.main import get_command

from minsheng.cli import app
from tests.contract.deploy.settings_of import CLASSES, variables

DEPLOY = Path(__file__).parents[3] / "deploy"
TEXT = (DEPLOY / "README.md").read_text(encoding="utf-8")
RUN = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]


def test_every_command_of_minsheng_exists() -> None:
    root = get_command(app)
    asked = {tuple(re.findall(r"[a-z]+", words)[:2]) for words in re.findall(r"\bminsheng ((?:[a-z]+ ?){1,2})", TEXT)}
    assert ("events", "republish") in asked
    for words in asked:
        if words and words[0] in {"create", "exec"}:  # kubectl's words after its namespace
            continue
        command = root
        for word in words:
            if not isinstance(command, typer.core.TyperGroup):
                break
            assert word in command.commands, words
            command = command.commands[word]


def test_every_compose_service_that_is_run_exists() -> None:
    assert set(re.findall(r"run --rm (\w+)", TEXT)) == {"hotline", "republish"}
    assert set(re.findall(r"--scale ([\w-]+)=", TEXT)) <= set(RUN)
    assert set(re.findall(r"--profile (\w+)", TEXT)) <= {one for run in RUN.values() for one in run.get("profiles", ())}


def test_every_variable_named_is_a_setting_or_one_of_compose_and_make_env() -> None:
    known = set().union(*(variables(process) for process in CLASSES))
    known |= set(re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yaml").read_text(encoding="utf-8")))
    known |= {"MINSHENG_STATE", "SECURE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"}
    named = set(re.findall(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b", TEXT)) - {"SASL_SSL", "ROUTER_PORT", "KAFKA_PASSWORD"}
    assert named <= known


def test_every_file_named_exists() -> None:
    for name in re.findall(r"`((?:k8s|local|district|locks|kafka|grafana)/[\w./-]*)`", TEXT):
        assert (DEPLOY / name).exists(), name
