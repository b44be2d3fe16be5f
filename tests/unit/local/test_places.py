"""Where the local stack keeps things, and which ports it takes."""

from pathlib import Path

import pytest

from minsheng.places import PORTS, Places


def test_an_offset_moves_every_default_port() -> None:
    moved = Places.from_environment({"MINSHENG_PORT_OFFSET": "1000"}).ports
    assert {name: port - 1000 for name, port in moved.items()} == PORTS


def test_a_port_given_by_name_is_taken_as_it_is() -> None:
    places = Places.from_environment({"MINSHENG_PORT_OFFSET": "1000", "ROUTER_PORT": "9999"})
    assert places.url("ROUTER_PORT") == "http://127.0.0.1:9999"


def test_an_offset_beyond_the_last_port_is_named() -> None:
    with pytest.raises(ValueError, match="ports end at 65535"):
        Places.from_environment({"MINSHENG_PORT_OFFSET": "60000"})


def test_a_given_broker_and_database_are_used_as_given() -> None:
    given = {"KAFKA_BOOTSTRAP_SERVERS": "kafka.example:9092", "MONGODB_URI": "mongodb://db.example/"}
    places = Places.from_environment(given)
    assert (places.kafka, places.mongo) == ("kafka.example:9092", "mongodb://db.example/")


def test_our_own_database_never_retries_writes_and_acknowledges_from_the_journal() -> None:
    uri = Places.from_environment({}).mongo
    assert "retryWrites=false" in uri
    assert "w=majority" in uri
    assert "journal=true" in uri


def test_state_is_kept_where_the_variable_says(tmp_path: Path) -> None:
    assert Places.from_environment({"MINSHENG_STATE": str(tmp_path / "kept")}).state == tmp_path / "kept"
