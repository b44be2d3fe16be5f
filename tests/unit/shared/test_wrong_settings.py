"""A variable that is missing or wrong is named in one line, and what the others hold stays where it is."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

SECRET = "c2VjcmV0LWtleS1vZi0zMi1ieXRlcy1mb3ItdGVzdHM"

PROGRAMS = (
    (("-m", "intake_media.evaluation", "transcripts", "--dir", "."), {"WHISPER_PRESET": SECRET}, "WHISPER_PRESET"),
    (("-m", "intake_media"), {"VAULT_KEY": SECRET}, "RECEIPT_KEY"),
    (("-m", "intake_web"), {"VAULT_KEY": SECRET, "RECEIPT_KEY": SECRET, "INTAKE_WEB_PORT": SECRET}, "INTAKE_WEB_PORT"),
    (("-m", "notifier"), {"MONGODB_URI": SECRET}, "VAULT_KEY"),
)


@pytest.mark.parametrize(("program", "variables", "named"), PROGRAMS, ids=[one[0][1] for one in PROGRAMS])
def test_a_wrong_setting_ends_the_program_and_is_named(
    program: tuple[str, ...], variables: dict[str, str], named: str
) -> None:
    env = {"PATH": os.environ["PATH"]} | variables
    ended = subprocess.run([sys.executable, *program], capture_output=True, text=True, env=env, timeout=60, check=False)
    assert ended.returncode == 1
    assert f"\n{named}: " in ended.stderr
    assert "Traceback" not in ended.stderr
    assert SECRET not in ended.stdout + ended.stderr
