"""The public documents made from the models: a JSON Schema per event type, and one AsyncAPI 3 for all topics."""

from __future__ import annotations

import json
from typing import Any

import yaml
from faststream.kafka import KafkaBroker
from faststream.specification import AsyncAPI

from shared.contracts.envelope import dataschema
from shared.contracts.hotline import HotlineSubmitted
from shared.contracts.model import Contract
from shared.contracts.topics import EVENT_TYPES, TOPICS, Topic, type_name

DIALECT = "https://json-schema.org/draft/2020-12/schema"
RECORD_KEY = "suggestion id; hotlines may send any key or none"
ATTRIBUTES: dict[str, dict[str, Any]] = {
    "content-type": {"const": "application/json"},
    "ce_specversion": {"const": "1.0"},
    "ce_id": {"type": "string", "description": "ULID; the key of deduplication everywhere"},
    "ce_type": {"type": "string", "description": "the event type, for example `case.assigned.v1`"},
    "ce_source": {"type": "string", "description": "the service that says it"},
    "ce_subject": {"type": "string", "description": "suggestion id"},
    "ce_time": {"type": "string", "format": "date-time", "description": "with zone"},
    "ce_dataschema": {"type": "string", "description": "`urn:minsheng:schema:<type>`"},
    "ce_correlationid": {"type": "string", "description": "suggestion id"},
    "ce_causationid": {
        "type": "string",
        "description": "`ce_id` of the event that caused it; absent for a person's act",
    },
    "ce_partitionkey": {"type": "string", "description": "the record's key"},
    "traceparent": {"type": "string", "description": "W3C trace context"},
}
OPTIONAL = {"ce_causationid", "traceparent"}
PROVENANCE = {
    "original-topic": "where the record was",
    "original-partition": "its partition, in digits",
    "original-offset": "its offset, in digits",
    "error-type": "a stable code",
    "error": "what is wrong, without any of the record's contents",
    "attempts": "tries made, in digits",
    "failed-at": "RFC 3339",
}


def json_schema(model: type[Contract]) -> dict[str, Any]:
    """The schema of one event type's data, for writers and validators in any language."""
    name = type_name(model)
    return {"$schema": DIALECT, "$id": dataschema(name), **model.model_json_schema(mode="validation")}


def schema_text(model: type[Contract]) -> str:
    """As committed: Chinese unescaped, keys in the order of the model."""
    return json.dumps(json_schema(model), ensure_ascii=False, indent=2) + "\n"


def asyncapi() -> dict[str, Any]:
    """One document for all topics.

    FastStream writes the payload schemas; it knows one type per channel and no CloudEvents headers, so channels,
    messages and operations are laid out here from the registry.
    """
    broker = KafkaBroker("kafka:9092")
    for topic in TOPICS:
        for model in topic.types:
            broker.publisher(topic.name, title=type_name(model), description=_doc(model), schema=model)
    made = AsyncAPI(broker, title="Minsheng 民声", version="1").to_specification().to_jsonable()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Minsheng 民声",
            "version": "1",
            "description": "Residents' suggestions and what becomes of them. CloudEvents 1.0: we publish in "
            "binary mode and read binary and structured mode. A type never changes but by additions; anything else is "
            "a new type.",
        },
        "defaultContentType": "application/json",
        "servers": {"kafka": {"host": "{bootstrap}", "protocol": "kafka", "variables": {"bootstrap": _bootstrap()}}},
        "channels": {
            **{topic.name: _channel(topic) for topic in TOPICS},
            **{topic.dead_letters: _dead_letters(topic) for topic in TOPICS},
        },
        "operations": dict(item for topic in TOPICS for item in _operations(topic)),
        "components": {
            "messages": {name: _message(name, model) for name, model in EVENT_TYPES.items()}
            | {"dead-letter": _dead_letter()},
            "messageTraits": {
                "cloudevent": {"headers": _headers([name for name in ATTRIBUTES if name not in OPTIONAL])},
                "cloudevent-of-others": {"headers": _headers(["ce_specversion", "ce_id", "ce_type", "ce_source"])},
            },
            "schemas": dict(sorted(made["components"]["schemas"].items())),
        },
    }


def asyncapi_text() -> str:
    """As committed."""
    return yaml.safe_dump(asyncapi(), allow_unicode=True, sort_keys=False, width=120)


def golden_files() -> dict[str, str]:
    """Every committed document by file name."""
    schemas = {f"{name}.schema.json": schema_text(model) for name, model in EVENT_TYPES.items()}
    return {**schemas, "asyncapi.yaml": asyncapi_text()}


def _doc(model: type[Contract]) -> str:
    return " ".join((model.__doc__ or "").split())


def _bootstrap() -> dict[str, str]:
    return {"default": "127.0.0.1:19092", "description": "KAFKA_BOOTSTRAP_SERVERS"}


def _channel(topic: Topic) -> dict[str, Any]:
    names = [type_name(model) for model in topic.types]
    return {
        "address": topic.name,
        "description": topic.says,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {"kafka": {"topic": topic.name, "bindingVersion": "0.5.0"}},
    }


def _dead_letters(topic: Topic) -> dict[str, Any]:
    return {
        "address": topic.dead_letters,
        "description": f"what could not be consumed from `{topic.name}`: raw bytes, key and headers as they came",
        "messages": {"dead-letter": {"$ref": "#/components/messages/dead-letter"}},
        "bindings": {"kafka": {"topic": topic.dead_letters, "bindingVersion": "0.5.0"}},
    }


def _operations(topic: Topic) -> list[tuple[str, dict[str, Any]]]:
    channel = {"$ref": f"#/channels/{topic.name}"}
    sent = [(f"{one}-sends-{topic.name}", {"action": "send", "channel": channel}) for one in topic.producers]
    read = [(f"{one}-reads-{topic.name}", {"action": "receive", "channel": channel}) for one in topic.consumers]
    return sent + read


def _message(name: str, model: type[Contract]) -> dict[str, Any]:
    # what hotlines send may also be structured, with no headers at all
    trait = "cloudevent-of-others" if model is HotlineSubmitted else "cloudevent"
    return {
        "name": name,
        "title": name,
        "summary": _doc(model),
        "contentType": "application/json",
        "correlationId": {"location": "$message.header#/ce_correlationid"},
        "traits": [{"$ref": f"#/components/messageTraits/{trait}"}],
        "payload": {"$ref": f"#/components/schemas/{model.__name__}"},
        "bindings": {"kafka": {"key": {"type": "string", "description": RECORD_KEY}, "bindingVersion": "0.5.0"}},
    }


def _headers(required: list[str]) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": ATTRIBUTES}


def _dead_letter() -> dict[str, Any]:
    return {
        "name": "dead-letter",
        "title": "A record that could not be consumed",
        "headers": {
            "type": "object",
            "required": list(PROVENANCE),
            "properties": {name: {"type": "string", "description": text} for name, text in PROVENANCE.items()},
        },
        "payload": {"description": "the bytes as they came; perhaps no JSON at all"},
    }
