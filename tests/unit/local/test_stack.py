"""The topology: what is started, what is left out, and what each process is told."""

from pathlib import Path

import pytest

from minsheng import stack
from minsheng.places import Places

ALL = [
    "kafka",
    "mongo",
    "mail-sink",
    "intake-web",
    "intake-media",
    "router",
    "notifier",
    "worker-voice",
    "worker-video",
]


def planned(folder: Path, only: str = "", **env: str) -> list[str]:
    places = Places.from_environment({"MINSHENG_STATE": str(folder), **env})
    return [process.name for process in stack.plan(places, frozenset(filter(None, only.split(","))))]


def test_everything_is_started_infrastructure_first(tmp_path: Path) -> None:
    assert planned(tmp_path) == ALL


def test_a_given_broker_and_database_are_not_started(tmp_path: Path) -> None:
    env = {"KAFKA_BOOTSTRAP_SERVERS": "kafka.example:9092", "MONGODB_URI": "mongodb://db.example/"}
    assert planned(tmp_path, **env) == ALL[2:]


def test_only_what_is_named_is_started(tmp_path: Path) -> None:
    assert planned(tmp_path, "mongo,router") == ["mongo", "router"]


def test_an_unknown_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no such process: roter"):
        planned(tmp_path, "roter")


def test_children_do_not_move_their_ports_a_second_time(tmp_path: Path) -> None:
    places = Places.from_environment({"MINSHENG_STATE": str(tmp_path), "MINSHENG_PORT_OFFSET": "700"})
    told = stack.environment(places)
    assert (told["MINSHENG_PORT_OFFSET"], told["INTAKE_WEB_PORT"]) == ("0", "8780")
    assert told["PUBLIC_MEDIA_URL"] == "http://127.0.0.1:8781"


def test_the_database_is_a_program_beside_ours_and_never_imported() -> None:
    imports = [
        line
        for file in Path(stack.__file__).parent.glob("*.py")
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.strip().startswith(("import ", "from "))
    ]
    assert not [line for line in imports if "secantus" in line]
