"""Dead letters as people see, mend and choose them; both the desk and the command line do it by this code."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from shared.contracts.letters import Letter
from shared.errors import Conflict, InvalidInput, NotFound
from shared.operations.dead_letters import choose
from shared.operations.letter_contents import COVER, contents, covered, merged, tried

WORK_ORDER = {
    "specversion": "1.0",
    "id": "01A",
    "type": "hotline.submitted.v1",
    "source": "/hotlines/12345",
    "data": {
        "source": "12345",
        "external_id": "13912345670",
        "received_at": "2026-11-24T09:00:00",
        "text": "张三家门口的路灯坏了",
        "contact": {"name": "张三", "phone": "13912345670"},
    },
}


def letter(value: bytes | None, **changes: Any) -> Letter:
    made = Letter(
        topic="hotline-submissions",
        partition=0,
        offset=3,
        key=None,
        value=value,
        headers=(("error-type", b"time-without-zone"),),
        original_partition="1",
        original_offset="7",
        id=None,
        type=None,
        error_type="time-without-zone",
        error="received_at: value_error",
        attempts="1",
        failed_at="2026-11-24T09:00:01Z",
    )
    return replace(made, **changes)


def order(**changes: Any) -> bytes:
    return json.dumps({**WORK_ORDER, "data": {**WORK_ORDER["data"], **changes}}, ensure_ascii=False).encode()


def test_what_may_be_personal_is_covered_and_codes_stay_readable() -> None:
    shown = contents(letter(order()), personal=False)
    assert shown.hidden
    for secret in ("张三", "13912345670", "路灯"):
        assert secret not in shown.body
    body = json.loads(shown.body)
    assert (body["type"], body["data"]["received_at"]) == ("hotline.submitted.v1", "2026-11-24T09:00:00")
    assert set(body["data"]["contact"]) == {"name", "phone"}


def test_personal_data_hides_in_no_name_number_list_header_or_key() -> None:
    body = {
        "source": "13912345670",
        "id": "张三",
        "type": ["张三"],
        "subject": {"deep": [13912345670]},
        "张三": 1,
        "number": 13912345670,
    }
    assert "张三" not in str(covered(body))
    assert "139" not in str(covered(body))
    hostile = letter(b"{}", headers=(("ce_id", "张三".encode()), ("张三", b"x"), ("x", None)), key=b"13912345670")
    shown = contents(hostile, personal=False)
    assert "张三" not in str(shown.headers)
    assert ("x", None) in shown.headers
    assert shown.key == COVER


@pytest.mark.parametrize(
    ("value", "form", "body"), [(b"\xff\xfe", "bytes", "ff fe"), ("张三".encode(), "text", "张三"), (None, "empty", "")]
)
def test_what_is_no_json_is_covered_whole_and_shown_on_request(value: bytes | None, form: str, body: str) -> None:
    hidden, shown = contents(letter(value), personal=False), contents(letter(value), personal=True)
    assert (hidden.form, shown.form, shown.body) == (form, form, body)
    assert hidden.body in ("", COVER)


def test_a_merge_patch_changes_what_it_names_and_removes_nulls() -> None:
    mended = json.loads(merged(letter(order()), {"data": {"text": "新", "contact": None}}))
    assert mended["data"]["text"] == "新"
    assert "contact" not in mended["data"]
    assert mended["id"] == "01A"


def test_a_repair_may_not_change_the_events_id() -> None:
    with pytest.raises(InvalidInput, match="keeps the event's id"):
        merged(letter(order()), {"id": "01C"})
    with pytest.raises(InvalidInput, match="keeps the event's id"):
        tried(letter(order()), b'{"text": "no event any more"}')


def test_what_is_no_json_can_only_be_replaced_whole() -> None:
    with pytest.raises(InvalidInput, match="--value"):
        merged(letter(b"\xff"), {})


def test_a_dry_run_says_what_a_consumer_would_make_of_it() -> None:
    broken = tried(letter(order()))
    assert (broken.readable, broken.code) == (False, "time-without-zone")
    mended = tried(letter(order()), order(received_at="2026-11-24T09:00:00+08:00"))
    assert (mended.readable, mended.type, mended.id) == (True, "hotline.submitted.v1", "01A")


def test_a_handled_letter_is_not_chosen_twice() -> None:
    """Row 32."""
    found = [letter(b"{}", state="replayed"), letter(b"{}", offset=4)]
    with pytest.raises(Conflict, match=r"handled already: 3 \(replayed\)"):
        choose(found, [3], everything=False)
    assert [one.offset for one in choose(found, [], everything=True)] == [4]
    assert [one.offset for one in choose(found, [4, 4], everything=False)] == [4]


def test_an_offset_without_a_letter_is_named() -> None:
    with pytest.raises(NotFound, match="no dead letter at offset 9"):
        choose([], [9], everything=False)
