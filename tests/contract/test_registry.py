"""The registry of topics says the truth: who writes, who reads, and that nothing can fall beside it."""

from __future__ import annotations

import ast
import base64
import importlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.contracts.topics import (
    BY_NAME,
    DEAD_LETTER_RETENTION,
    EVENT_TYPES,
    HOTLINE_DEAD_LETTER_RETENTION,
    HOTLINE_SUBMISSIONS,
    TOPIC_OF,
    TOPICS,
    Topic,
    type_name,
)
from shared.messaging import consuming
from shared.messaging.provisioning import wanted

ROOT = Path(__file__).parents[2]
SERVICES = {"intake-web": "intake_web", "intake-media": "intake_media", "router": "router", "notifier": "notifier"}
OUTSIDERS = {"hotline"}
KEY = base64.b64encode(bytes(32)).decode()


def test_the_topics_are_those_of_the_public_page() -> None:
    assert set(BY_NAME) == {"suggestions", "cases", "recordings", "hotline-submissions", "notices"}


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_every_topic_says_what_it_is_for_and_is_written_and_read_by_somebody_real(topic: Topic) -> None:
    assert topic.says
    assert topic.types
    assert topic.producers
    assert topic.consumers
    assert set(topic.producers) <= set(SERVICES) | OUTSIDERS
    assert set(topic.consumers) <= set(SERVICES)


def test_a_type_is_on_one_topic_only_and_named_by_the_grammar() -> None:
    names = [type_name(model) for topic in TOPICS for model in topic.types]
    assert len(names) == len(set(names)) == len(EVENT_TYPES) == len(TOPIC_OF)
    for name in names:
        assert re.fullmatch(r"(suggestion|case|recording|notice|hotline)\.[a-z]+(-[a-z]+)*\.v[1-9]\d*", name), name


def test_every_model_with_a_type_name_is_registered() -> None:
    found = set()
    for path in (ROOT / "shared/src/shared/contracts").glob("*.py"):
        module = importlib.import_module(f"shared.contracts.{path.stem}")
        found |= {
            vars(one)["type_name"]
            for one in vars(module).values()
            if isinstance(one, type) and isinstance(vars(one).get("type_name"), str)
        }
    assert found == set(EVENT_TYPES)


def test_every_topic_and_its_dead_letters_are_provisioned() -> None:
    made = {topic.name: topic for topic in wanted()}
    assert set(made) == {name for topic in TOPICS for name in (topic.name, topic.dead_letters)}
    for topic in TOPICS:
        assert topic.dead_letters == f"{topic.name}-dlq"
        assert made[topic.name].num_partitions >= 12


def test_what_may_hold_contact_data_is_kept_shortest() -> None:
    made = {topic.name: topic.topic_configs["retention.ms"] for topic in wanted()}
    assert HOTLINE_SUBMISSIONS.retention is not None
    kept_ms = int(HOTLINE_SUBMISSIONS.retention.total_seconds() * 1000)
    assert made["hotline-submissions"] == str(kept_ms)
    assert int(made["hotline-submissions-dlq"]) <= kept_ms
    assert HOTLINE_DEAD_LETTER_RETENTION <= DEAD_LETTER_RETENTION
    assert {made[name] for name in ("suggestions", "cases", "recordings", "notices")} == {"-1"}


def spoken(package: Path) -> set[str]:
    """Topics of the event models that a service makes (calls by name); its offline tools publish nothing."""
    models = {model.__name__: TOPIC_OF[name] for name, model in EVENT_TYPES.items()}
    found = set()
    for path in package.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        if path.stem != "__main__" and "__main__" in source:
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call):
                called = getattr(node.func, "attr", getattr(node.func, "id", ""))
                found |= {models[called]} & set(BY_NAME) if called in models else set()
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_makes_events_of_exactly_the_topics_that_name_it_as_producer(service: str) -> None:
    package = ROOT / "services" / service / "src" / SERVICES[service]
    declared = {topic.name for topic in TOPICS if service in topic.producers}
    assert spoken(package) - {HOTLINE_SUBMISSIONS.name} == declared


@pytest.fixture
def subscriptions(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[str, str]]:
    """Group and topic of every subscription that a service's own composition root makes."""
    made: list[tuple[str, str]] = []

    def note(_broker: object, topics: tuple[str, ...], *, group: str, **_: object) -> None:
        made.extend((group, topic) for topic in topics)

    async def rest(_self: object) -> None:
        return None

    monkeypatch.setattr(consuming, "subscribe", note)
    monkeypatch.setattr(consuming.Consuming, "run", rest)
    monkeypatch.setattr(consuming.Consuming, "stop", rest)
    for name, value in {
        "VAULT_KEY": KEY,
        "RECEIPT_KEY": KEY,
        "DESK_SESSION_KEY": KEY,
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9",
        "MONGODB_URI": "mongodb://127.0.0.1:9/",
        "MINSHENG_STATE": str(tmp_path),
        "DISTRICT_PACK": str(ROOT / "deploy/district"),
    }.items():
        monkeypatch.setenv(name, value)
    return made


@pytest.mark.parametrize(
    ("service", "root"),
    [("intake-web", "bootstrap"), ("intake-media", "api"), ("router", "bootstrap"), ("notifier", "bootstrap")],
)
async def test_a_service_subscribes_to_exactly_the_topics_that_name_it_as_consumer(
    service: str, root: str, subscriptions: list[tuple[str, str]]
) -> None:
    package = SERVICES[service]
    settings: Callable[[], Any] = importlib.import_module(f"{package}.settings").Settings
    app = getattr(importlib.import_module(f"{package}.bootstrap"), root)(settings())
    async with app.router.lifespan_context(app):
        pass
    declared = {(service, topic.name) for topic in TOPICS if service in topic.consumers}
    assert set(subscriptions) == declared
    assert len(subscriptions) == len(declared)
