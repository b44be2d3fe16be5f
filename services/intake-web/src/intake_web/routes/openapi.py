"""The bodies that routes read by themselves, said in `/openapi.json` all the same."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from intake_web.routes.tracking import Correction, TrackingQuestion
from shared.contracts.hotline import HotlineSubmitted
from shared.contracts.submissions import TextSubmission

BODIES: dict[str, type[BaseModel]] = {
    "/api/v1/suggestions": TextSubmission,
    "/api/v1/tracking": TrackingQuestion,
    "/api/v1/tracking/correction": Correction,
    "/api/v1/hotline/submissions": HotlineSubmitted,
}
PROBLEM = {
    "description": "What is wrong, in the reader's language (RFC 9457)",
    "content": {
        "application/problem+json": {
            "schema": {
                "type": "object",
                "properties": {
                    "type": {"type": "string"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "detail": {"type": "string"},
                    "errors": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": {name: {"type": "string"} for name in ("pointer", "code", "message")},
                        },
                    },
                },
            }
        }
    },
}


def describe_bodies(app: FastAPI) -> None:
    """Add request bodies, headers and errors to the generated document."""
    generate = app.openapi

    def described() -> dict[str, Any]:
        document = generate()
        schemas: dict[str, Any] = document.setdefault("components", {}).setdefault("schemas", {})
        for path, model in BODIES.items():
            schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(schema.pop("$defs", {}))
            schemas[model.__name__] = schema
            operation = document["paths"][path]["post"]
            reference = {"$ref": f"#/components/schemas/{model.__name__}"}
            operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": reference}}}
            for status in ("400", "413", "415", "422", "429", "503"):
                operation.setdefault("responses", {})[status] = PROBLEM
        key = {"name": "Idempotency-Key", "in": "header", "required": False}
        document["paths"]["/api/v1/suggestions"]["post"]["parameters"] = [
            {**key, "schema": {"type": "string", "maxLength": 200}}
        ]
        document["components"]["securitySchemes"] = {"hotline": {"type": "http", "scheme": "bearer"}}
        document["paths"]["/api/v1/hotline/submissions"]["post"]["security"] = [{"hotline": []}]
        return document

    app.openapi = described  # type: ignore[method-assign]  # FastAPI's documented way
