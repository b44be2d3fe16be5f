"""The training run for faster starts is on a broker of its own, whatever the operator wants of the real one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from minsheng import kafka, warm_start
from minsheng.places import Places

EXTRA = "listeners=PLAINTEXT://127.0.0.1:1\n"


def test_the_operators_lines_are_for_the_real_broker_and_not_for_the_training_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_EXTRA_PROPERTIES", EXTRA)
    trained_on: list[str] = []

    def ends_at_once(jars: Path, properties: Path, options: object = ()) -> list[str]:
        trained_on.append(properties.read_text("utf-8"))
        return [sys.executable, "-c", "pass"]

    monkeypatch.setattr(kafka, "command", ends_at_once)
    said: list[str] = []
    warm_start.ensure(tmp_path, said.append)
    assert len(trained_on) == 1
    assert EXTRA not in trained_on[0]
    assert said[-1] == "Kafka: no faster starts on this machine"
    real = kafka.prepare(Places.from_environment({"MINSHENG_STATE": str(tmp_path / "state")}))
    assert real.read_text("utf-8").endswith(EXTRA)
