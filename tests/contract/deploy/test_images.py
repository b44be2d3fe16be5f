"""The Dockerfile and its entry point, checked without an engine."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")
SERVICES = ("intake-web", "intake-media", "router", "notifier")
PINNED = re.compile(r"^([a-zA-Z0-9._-]+)(?:\[[^]]*\])?==(\S+)", re.M)


def pins(lock: Path) -> dict[str, str]:
    return {name.lower().replace("_", "-"): version for name, version in PINNED.findall(lock.read_text("utf-8"))}


def dependencies(project: Path) -> set[str]:
    listed = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["dependencies"]
    return {re.split(r"[\[<>=~; ]", name, maxsplit=1)[0].lower().replace("_", "-") for name in listed}


@pytest.mark.parametrize("service", SERVICES)
def test_the_lock_of_each_image_has_what_the_service_needs_at_the_workspace_s_versions(service: str) -> None:
    locked, workspace = pins(ROOT / f"deploy/locks/{service}.lock"), pins(ROOT / "requirements.lock")
    needed = dependencies(ROOT / f"services/{service}/pyproject.toml") | dependencies(ROOT / "shared/pyproject.toml")
    assert needed - {"minsheng-shared"} <= set(locked)
    assert {name: version for name, version in locked.items() if workspace.get(name) != version} == {}


@pytest.mark.parametrize("service", SERVICES)
def test_each_lock_has_hashes_and_names_no_address(service: str) -> None:
    text = (ROOT / f"deploy/locks/{service}.lock").read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index" not in text
    assert text.count("==") <= text.count("--hash=sha256:")


@pytest.mark.parametrize("service", [name for name in SERVICES if name != "intake-media"])
def test_whisper_and_ffmpeg_are_in_the_media_image_only(service: str) -> None:
    assert not {"faster-whisper", "ctranslate2", "ffmpeg-python"} & set(pins(ROOT / f"deploy/locks/{service}.lock"))
    before_media = DOCKERFILE.split("FROM service AS media")[0]
    assert "install -y --no-install-recommends ffmpeg" not in before_media
    assert "faster-whisper" in pins(ROOT / "deploy/locks/intake-media.lock")


def test_every_stage_and_service_that_compose_builds_exists() -> None:
    stages = set(re.findall(r"^FROM \S+ AS (\w+)$", DOCKERFILE, re.M))
    run = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text(encoding="utf-8"))["services"]
    builds = [service["build"] for service in run.values() if "build" in service]
    assert {build["target"] for build in builds} <= stages
    assert {build["args"]["SERVICE"] for build in builds} == set(SERVICES)
    assert all((ROOT / "deploy" / build["context"] / build["dockerfile"]).is_file() for build in builds)


def test_what_the_dockerfile_copies_exists() -> None:
    for service in SERVICES:
        for source in re.findall(r"^COPY (?!--from)(\S+) ", DOCKERFILE, re.M):
            assert (ROOT / source.replace("${SERVICE}", service)).exists(), source


def test_the_image_runs_as_a_user_without_rights_and_listens_for_others() -> None:
    assert re.findall(r"^USER (\w+)$", DOCKERFILE, re.M)[-1] == "minsheng"
    assert "HOST=0.0.0.0" in DOCKERFILE


def started(words: list[str], service: str, tmp_path: Path) -> list[list[str]]:
    """What deploy/start would run: `python` is replaced by a script that writes its arguments down."""
    said = tmp_path / "said"
    fake = tmp_path / "python"
    fake.write_text(f'#!/bin/sh\necho "$@" >> {said}\n')
    fake.chmod(0o755)
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin", "SERVICE": service}
    subprocess.run(["sh", str(ROOT / "deploy/start"), *words], env=env, check=True)
    return [line.split() for line in said.read_text().splitlines()]


@pytest.mark.parametrize(
    ("words", "service", "runs"),
    [
        ([], "router", ["-m router"]),
        ([], "intake-web", ["-m intake_web"]),
        ([], "notifier", ["-m notifier"]),
        (["worker", "--channel", "voice"], "intake-media", ["-m intake_media worker --channel voice"]),
        (["provision"], "router", ["-m shared.messaging.provisioning", "-m shared.operations.principals"]),
        (["hotline", "add", "x"], "intake-web", ["-m intake_web.hotlines add x"]),
        (["republish", "--since", "t"], "router", ["-m shared.operations.republish --since t"]),
    ],
)
def test_each_word_of_the_entry_point_runs_a_module_that_exists(
    words: list[str], service: str, runs: list[str], tmp_path: Path
) -> None:
    calls = started(words, service, tmp_path)
    assert [" ".join(call) for call in calls] == runs
    for call in calls:
        assert importlib.util.find_spec(call[1]) is not None
