"""The committed schemas are those of today's models, and a type only ever grows."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from shared.contracts.topics import EVENT_TYPES, TOPICS, type_name
from tests.contract.documents import golden_files, json_schema
from tests.contract.evolution import breaking
from tests.contract.generate import GOLDEN, refusals

MEND = "the committed documents differ from the models; mend with: make schemas"


@pytest.fixture(scope="module")
def fresh() -> dict[str, str]:
    return golden_files()


def test_committed_documents_are_those_of_todays_models(fresh: dict[str, str]) -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in GOLDEN.iterdir()}
    differing = sorted(name for name in committed.keys() | fresh.keys() if committed.get(name) != fresh.get(name))
    assert differing == [], MEND


def test_todays_models_break_no_committed_type() -> None:
    """Row 31."""
    assert refusals() == []


@pytest.mark.parametrize("name", sorted(EVENT_TYPES))
def test_every_schema_is_a_valid_schema_named_as_events_name_it(name: str) -> None:
    schema = json.loads((GOLDEN / f"{name}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:minsheng:schema:{name}"


def test_documents_are_made_alike_every_time(fresh: dict[str, str]) -> None:
    assert golden_files() == fresh


def test_chinese_is_unescaped(fresh: dict[str, str]) -> None:
    for name, text in fresh.items():
        assert "\\u" not in text, name
    assert "民声" in fresh["asyncapi.yaml"]
    assert "办理结果" in fresh["asyncapi.yaml"]


class TestAsyncAPI:
    @pytest.fixture
    def document(self) -> dict[str, Any]:
        loaded: dict[str, Any] = yaml.safe_load((GOLDEN / "asyncapi.yaml").read_text(encoding="utf-8"))
        return loaded

    def test_it_names_every_topic_its_dead_letters_and_every_type(self, document: dict[str, Any]) -> None:
        assert document["asyncapi"] == "3.0.0"
        for topic in TOPICS:
            assert set(document["channels"][topic.name]["messages"]) == {type_name(model) for model in topic.types}
            assert topic.dead_letters in document["channels"]

    def test_it_says_who_sends_and_who_reads(self, document: dict[str, Any]) -> None:
        for topic in TOPICS:
            for service in topic.producers:
                assert document["operations"][f"{service}-sends-{topic.name}"]["action"] == "send"
            for service in topic.consumers:
                assert document["operations"][f"{service}-reads-{topic.name}"]["action"] == "receive"

    def test_it_declares_the_cloudevents_headers(self, document: dict[str, Any]) -> None:
        headers = document["components"]["messageTraits"]["cloudevent"]["headers"]
        assert {"ce_id", "ce_type", "ce_source", "ce_subject", "ce_time", "ce_dataschema"} <= set(headers["required"])
        assert "ce_causationid" not in headers["required"]

    def test_every_reference_leads_somewhere(self, document: dict[str, Any]) -> None:
        def references(node: Any) -> list[str]:
            if isinstance(node, dict):
                own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
                return own + [found for value in node.values() for found in references(value)]
            return [found for value in node for found in references(value)] if isinstance(node, list) else []

        found = references(document)
        assert len(found) > 50
        for reference in found:
            node: Any = document
            for part in reference.removeprefix("#/").split("/"):
                node = node[part]


class TestEvolution:
    """The gate itself: it lets additions pass and stops everything else."""

    @pytest.fixture
    def old(self) -> dict[str, Any]:
        return json_schema(EVENT_TYPES["case.assigned.v1"])

    @pytest.fixture
    def new(self, old: dict[str, Any]) -> dict[str, Any]:
        return copy.deepcopy(old)

    def test_an_optional_field_may_be_added(self, old: dict[str, Any], new: dict[str, Any]) -> None:
        new["properties"]["extra"] = {"type": "string"}
        new["$defs"]["Unit"]["properties"]["telephone"] = {"type": "string"}
        assert breaking(old, new) == []

    def test_a_description_may_change(self, old: dict[str, Any], new: dict[str, Any]) -> None:
        new["description"] = "better words"
        assert breaking(old, new) == []

    def test_a_new_value_of_a_list_may_be_added(self, old: dict[str, Any], new: dict[str, Any]) -> None:
        new["$defs"]["Decision"]["properties"]["method"]["enum"].append("lottery")
        assert breaking(old, new) == []

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            (lambda new: new["required"].append("summary"), "/summary: required now"),
            (lambda new: new["required"].remove("due"), "/due: no longer required"),
            (lambda new: new["properties"].pop("co_units"), "/co_units: removed"),
            (lambda new: new["$defs"]["Due"]["required"].remove("date"), "/due/date: no longer required"),
            (lambda new: new["$defs"]["Unit"]["properties"].pop("name"), "/unit/name: removed"),
            (lambda new: new["$defs"]["Decision"]["properties"]["method"]["enum"].remove("rule"), "/decision/method"),
            (lambda new: new["properties"]["case_id"].update(type="integer"), "/case_id: string is no longer accepted"),
            (lambda new: new["properties"]["case_id"].update(maxLength=3), "/case_id: maxLength is narrower"),
            (lambda new: new["properties"]["number"].update(anyOf=[{"type": "null"}]), "/number: string is no longer"),
            (
                lambda new: new["$defs"]["Evidence"]["required"].append("weight"),
                "/decision/evidence/*/weight: required",
            ),
        ],
    )
    def test_whatever_else_is_stopped(self, old: dict[str, Any], new: dict[str, Any], change: Any, said: str) -> None:
        change(new)
        assert any(found.startswith(said) for found in breaking(old, new)), breaking(old, new)
