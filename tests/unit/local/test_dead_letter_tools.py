"""Records as the command line shows them."""

import json
from types import SimpleNamespace
from typing import Any

from minsheng import records


def letter(value: bytes | None, headers: list[tuple[str, bytes | None]] | None = None) -> Any:
    return SimpleNamespace(
        topic="hotline-submissions-dlq",
        partition=0,
        offset=3,
        timestamp=1_795_500_000_000,
        key=None,
        value=value,
        headers=headers or [],
    )


EVENT = {
    "specversion": "1.0",
    "id": "01A",
    "type": "hotline.submitted.v1",
    "data": {"text": "旧", "contact": {"phone": "1"}},
}


def test_a_view_hides_contact_data_unless_asked() -> None:
    record = letter(json.dumps(EVENT).encode())
    assert records.view(record)["data"]["contact"] == records.HIDDEN
    assert records.view(record, contact=True)["data"]["contact"] == {"phone": "1"}


def test_a_view_survives_bytes_and_headers_that_are_no_utf8() -> None:
    seen = records.view(letter(b"\xff\xfe", [("x", b"\xff"), ("y", None)]))
    assert seen["headers"] == {"x": "�", "y": None}
    assert isinstance(seen["data"], str)


def test_a_binary_event_is_shown_with_its_attributes() -> None:
    seen = records.view(letter(b'{"suggestion_id": "S"}', [("ce_id", b"01B"), ("ce_type", b"case.accepted.v1")]))
    assert (seen["id"], seen["type"], seen["data"]) == ("01B", "case.accepted.v1", {"suggestion_id": "S"})
