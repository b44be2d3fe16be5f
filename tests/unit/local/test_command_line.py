"""Exit codes and JSON of the command line, where nothing runs."""

import json
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from minsheng.cli import app
from minsheng.inspect import without_password
from minsheng.places import Places
from minsheng.ports import CannotStart, refuse_taken
from minsheng.process import Process


@pytest.fixture(autouse=True)
def nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINSHENG_STATE", str(tmp_path))
    for given in ("KAFKA_BOOTSTRAP_SERVERS", "MONGODB_URI"):
        monkeypatch.delenv(given, raising=False)


@pytest.mark.parametrize(
    "words", ["scale voice", "scale voice=two", "scale audio=1", "scale voice=-1", "dlq replay cases"]
)
def test_wrong_usage_is_2(words: str) -> None:
    assert CliRunner().invoke(app, words.split()).exit_code == 2


def test_scaling_what_does_not_run_is_a_named_problem() -> None:
    result = CliRunner().invoke(app, ["scale", "voice=2"])
    assert result.exit_code == 1
    assert "nothing runs on" in result.stderr


def test_status_prints_json_even_when_nothing_runs() -> None:
    result = CliRunner().invoke(app, ["status", "--json"])
    assert result.exit_code == 1
    assert json.loads(result.stdout)["ready"] is False


def test_down_without_a_stack_is_no_failure() -> None:
    assert CliRunner().invoke(app, ["down"]).exit_code == 0


def test_a_taken_port_is_named_with_the_process_that_wants_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        places = Places.from_environment({"MINSHENG_STATE": str(tmp_path), "ROUTER_PORT": str(port)})
        router = Process("router", "service", ("true",), ports=("ROUTER_PORT",))
        with pytest.raises(CannotStart, match=f"port {port}, wanted by router, is taken.*MINSHENG_PORT_OFFSET"):
            refuse_taken(places, [router])


def test_a_password_in_a_connection_string_is_not_shown() -> None:
    assert without_password("mongodb://user:secret@db.example/?w=1") == "mongodb://db.example/?w=1"
    assert without_password("mongodb://127.0.0.1:27117/") == "mongodb://127.0.0.1:27117/"
