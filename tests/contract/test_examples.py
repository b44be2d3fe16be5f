"""Golden examples, in Chinese as they occur: they fit the schemas for outsiders and the models of today.

An example stays for ever: records like it lie on the topics.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from shared.contracts.topics import EVENT_TYPES
from shared.messaging.decoding import from_record
from shared.messaging.encoding import json_bytes, to_record
from tests.contract.generate import GOLDEN
from tests.support.records import outbox_entry, record_of

EXAMPLES = Path(__file__).parent / "examples"
FILES = sorted(EXAMPLES.glob("*/*.json"))


def load(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(load(GOLDEN / f"{name}.schema.json"))


def test_every_type_has_an_example_and_every_example_a_type() -> None:
    assert {path.parent.name for path in FILES} == set(EVENT_TYPES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_an_example_fits_the_schema_and_todays_model(path: Path) -> None:
    data, name = load(path), path.parent.name
    validator(name).validate(data)
    model = EVENT_TYPES[name].model_validate(data)
    written = model.model_dump(mode="json", exclude_none=True)
    validator(name).validate(written)
    assert EVENT_TYPES[name].model_validate(written) == model


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_an_example_survives_the_wire(path: Path) -> None:
    data, name = load(path), path.parent.name
    entry = outbox_entry(data.get("suggestion_id", "S1"), data=data, type=name)
    event = from_record(record_of(to_record("t", entry)))
    assert event.type == name
    assert event.data == EVENT_TYPES[name].model_validate(data)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_a_writer_forgets_is_refused_by_schema_and_model_alike(path: Path) -> None:
    data, name = load(path), path.parent.name
    for field in load(GOLDEN / f"{name}.schema.json")["required"]:
        lacking = {key: value for key, value in data.items() if key != field}
        with pytest.raises(ValidationError):
            validator(name).validate(lacking)
        with pytest.raises(ValueError, match=field):
            EVENT_TYPES[name].model_validate(lacking)


def test_unknown_fields_are_ignored_so_that_additions_break_no_reader() -> None:
    data = load(EXAMPLES / "hotline.submitted.v1" / "unknown-field.json")
    assert "坐席工号" in data
    model = EVENT_TYPES["hotline.submitted.v1"].model_validate(data)
    assert "坐席工号" not in json_bytes(model.model_dump(mode="json")).decode()


def test_no_example_but_a_hotlines_holds_contact_data() -> None:
    for path in FILES:
        if path.parent.name != "hotline.submitted.v1":
            assert not {"contact", "phone", "email", "name"} & set(load(path)), path
