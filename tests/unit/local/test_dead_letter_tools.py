"""Dead letters as the command line shows, mends and chooses them."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from minsheng import dead_letters, records
from minsheng.client import Refused


def letter(value: bytes | None, headers: list[tuple[str, bytes | None]] | None = None, offset: int = 3) -> Any:
    return SimpleNamespace(
        topic="hotline-submissions-dlq",
        partition=0,
        offset=offset,
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


def test_a_merge_patch_changes_what_it_names_and_removes_nulls() -> None:
    mended = json.loads(
        dead_letters.merged(letter(json.dumps(EVENT).encode()), {"data": {"text": "新", "contact": None}})
    )
    assert mended == {**EVENT, "data": {"text": "新"}}


def test_a_repair_may_not_change_the_events_id() -> None:
    with pytest.raises(Refused, match="keeps the event's id"):
        dead_letters.merged(letter(json.dumps(EVENT).encode()), {"id": "01C"})


def test_what_is_no_json_can_only_be_replaced_whole() -> None:
    with pytest.raises(Refused, match="--value"):
        dead_letters.merged(letter(b"\xff"), {})


def test_a_handled_letter_is_not_sent_twice() -> None:
    """Row 32."""
    found = [
        (letter(b"{}"), {"offset": 3, "state": "replayed"}),
        (letter(b"{}", offset=4), {"offset": 4, "state": "open"}),
    ]
    with pytest.raises(Refused, match=r"handled already: 3 \(replayed\)"):
        dead_letters.choose(found, [3], everything=False)
    assert [about["offset"] for _, about in dead_letters.choose(found, [], everything=True)] == [4]


def test_an_offset_without_a_letter_is_named() -> None:
    with pytest.raises(Refused, match="no dead letter at offset 9"):
        dead_letters.choose([], [9], everything=False)
