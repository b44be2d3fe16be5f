"""CloudEvents 1.0 over Kafka: binary out, binary and structured in, and whatever else comes in is refused by name."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ulid import ULID

from shared.contracts.suggestions import SuggestionSubmitted
from shared.contracts.topics import EVENT_TYPES
from shared.errors import InvalidInput
from shared.messaging.decoding import from_record
from shared.messaging.encoding import to_record
from tests.support.records import FakeRecord, outbox_entry, record_of, submitted_data

S = str(ULID())
TEXT = "建议在小区门口增加充电桩。"


def published(**changes: Any) -> tuple[FakeRecord, dict[str, str]]:
    record = record_of(to_record("suggestions", outbox_entry(S, **changes)))
    return record, {name: (value or b"").decode() for name, value in record.headers}


def structured(**changes: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": "order-1",
        "type": "suggestion.submitted.v1",
        "source": "anyone",
        "time": "2026-11-24T09:00:00+08:00",
        "data": submitted_data(S),
        **changes,
    }


def plain(value: Any, **headers: bytes | None) -> FakeRecord:
    encoded = value if isinstance(value, bytes | None) else json.dumps(value, ensure_ascii=False).encode()
    return FakeRecord(value=encoded, headers=[(name.replace("_", "-"), header) for name, header in headers.items()])


class TestOut:
    def test_every_attribute_of_the_public_page_is_a_header(self) -> None:
        record, headers = published(event_id="01KAVQ3M8Y4T7W2R9D5XC6B1NE", causation_id="01KAVQ3M8Y0000000000000000")
        assert headers == {
            "content-type": "application/json",
            "ce_specversion": "1.0",
            "ce_id": "01KAVQ3M8Y4T7W2R9D5XC6B1NE",
            "ce_type": "suggestion.submitted.v1",
            "ce_source": "intake-web",
            "ce_subject": S,
            "ce_time": headers["ce_time"],
            "ce_dataschema": "urn:minsheng:schema:suggestion.submitted.v1",
            "ce_correlationid": S,
            "ce_causationid": "01KAVQ3M8Y0000000000000000",
            "ce_partitionkey": S,
            "traceparent": headers["traceparent"],
        }
        assert record.key == S.encode()
        assert datetime.fromisoformat(headers["ce_time"]).tzinfo is not None

    def test_a_residents_act_has_no_cause(self) -> None:
        _, headers = published()
        assert "ce_causationid" not in headers

    def test_chinese_is_unescaped_in_the_value(self) -> None:
        record, _ = published()
        assert TEXT.encode() in (record.value or b"")

    def test_a_hotlines_recording_carries_its_own_key(self) -> None:
        record, headers = published(key="12345:LH1")
        assert record.key == b"12345:LH1"
        assert headers["ce_partitionkey"] == "12345:LH1"
        assert headers["ce_subject"] == S

    def test_what_went_out_comes_in_the_same(self) -> None:
        record, _ = published(event_id="01KAVQ3M8Y4T7W2R9D5XC6B1NE", causation_id="C")
        event = from_record(record)
        assert (event.id, event.type, event.source) == (
            "01KAVQ3M8Y4T7W2R9D5XC6B1NE",
            "suggestion.submitted.v1",
            "intake-web",
        )
        assert (event.subject, event.causation_id) == (S, "C")
        assert event.traceparent
        assert event.data == SuggestionSubmitted.model_validate(submitted_data(S))


class TestIn:
    @pytest.mark.parametrize(
        "content_type", [b"application/cloudevents+json", b"application/cloudevents+json; charset=UTF-8", None]
    )
    def test_structured_mode_is_read_with_and_without_content_type(self, content_type: bytes | None) -> None:
        record = plain(structured(), **({"content_type": content_type} if content_type else {}))
        event = from_record(record)
        assert event.id == "order-1"
        assert isinstance(event.data, SuggestionSubmitted)
        assert event.data.text == TEXT

    def test_structured_mode_is_read_although_a_client_says_plain_json(self) -> None:
        assert from_record(plain(structured(), content_type=b"application/json")).id == "order-1"

    def test_without_a_subject_the_suggestion_of_the_data_counts(self) -> None:
        assert from_record(plain(structured())).subject == S

    def test_header_names_in_capitals_are_read(self) -> None:
        record, _ = published()
        shouted = FakeRecord(value=record.value, headers=[(name.upper(), value) for name, value in record.headers])
        assert from_record(shouted).type == "suggestion.submitted.v1"

    @pytest.mark.parametrize("nuisance", [None, b"\xff\xfe", b"", "繁".encode()])
    def test_null_and_broken_headers_of_others_never_matter(self, nuisance: bytes | None) -> None:
        record, _ = published()
        for name in ("x-trace", "reply_to", "content-type"):
            kept = [(key, value) for key, value in record.headers if key != name]
            assert from_record(FakeRecord(value=record.value, headers=[(name, nuisance), *kept])).id

    def test_additions_by_newer_writers_are_ignored(self) -> None:
        record, _ = published(data={**submitted_data(S), "mood": "friendly"})
        assert from_record(FakeRecord(value=record.value, headers=[*record.headers, ("ce_new", b"1")])).subject == S

    @pytest.mark.parametrize(
        ("record", "code"),
        [
            (plain(None), "unreadable"),
            (plain(b""), "unreadable"),
            (plain(b"\xff{"), "unreadable"),
            (plain(b"{"), "unreadable"),
            (plain([structured()]), "not-a-cloudevent"),
            (plain("specversion"), "not-a-cloudevent"),
            (plain(submitted_data(S)), "not-a-cloudevent"),
            (plain(structured(specversion="0.3")), None),
            (plain(structured(specversion=1.0)), None),
            (plain(structured(id="")), None),
            (plain(structured(type="suggestion.submitted.v99")), "unknown-type"),
            (plain(structured(type="order.created")), "unknown-type"),
            (plain(structured(data="text")), "unreadable"),
            (plain(structured(data=[1])), "unreadable"),
            (plain(structured(data=None)), "unreadable"),
            (plain(structured(data={})), "invalid-data"),
            (plain(structured(data={**submitted_data(S), "received_at": "2026-11-24T09:00:00"})), "time-without-zone"),
            (plain(structured(time="yesterday")), None),
            (plain(structured(data_base64="%%%", data=None)), None),
        ],
    )
    def test_what_is_no_event_of_ours_is_refused_with_a_code(self, record: FakeRecord, code: str | None) -> None:
        with pytest.raises(InvalidInput) as refused:
            from_record(record)
        if code is not None:
            assert refused.value.code == code

    def test_binary_mode_with_a_value_that_is_no_object_is_refused(self) -> None:
        record, _ = published()
        for value in (b"[]", b'"x"', b"1", b"", b"\xff", None):
            with pytest.raises(InvalidInput):
                from_record(FakeRecord(value=value, headers=record.headers))

    def test_a_refusal_names_places_and_kinds_never_contents(self) -> None:
        secret = "13800001234"
        data = {**submitted_data(S), "channel": secret, "text": {"phone": secret}, secret: 1}
        with pytest.raises(InvalidInput) as refused:
            from_record(plain(structured(data=data)))
        assert secret not in str(refused.value)
        assert "channel" in str(refused.value)


HEADER_NAMES = st.sampled_from(
    ["content-type", "ce_id", "ce_type", "ce_specversion", "ce_time", "ce_source", "ce_subject", "traceparent", "CE_ID"]
)
HEADER_VALUES = st.one_of(
    st.none(),
    st.binary(max_size=40),
    st.sampled_from([b"1.0", b"application/json", b"application/cloudevents+json", b"suggestion.submitted.v1"]),
    st.text(max_size=20).map(lambda text: text.encode("utf-8", "surrogatepass")),
)
JSON_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.one_of(st.sampled_from([*submitted_data(S), "specversion", "id", "type", "source", "data"]), st.text()),
            inner,
            max_size=6,
        ),
    ),
    max_leaves=12,
)
VALUES = st.one_of(
    st.none(),
    st.binary(max_size=200),
    JSON_VALUES.map(lambda value: json.dumps(value).encode()),
    JSON_VALUES.map(lambda value: json.dumps({**structured(), "data": value}).encode()),
    st.dictionaries(st.sampled_from(sorted(submitted_data(S))), JSON_VALUES).map(
        lambda value: json.dumps({**structured(), "data": {**submitted_data(S), **value}}).encode()
    ),
)


@given(value=VALUES, headers=st.lists(st.tuples(HEADER_NAMES, HEADER_VALUES), max_size=8))
def test_no_record_whatever_raises_anything_but_invalid_input(
    value: bytes | None, headers: list[tuple[str, bytes | None]]
) -> None:
    try:
        event = from_record(FakeRecord(value=value, headers=headers))
    except InvalidInput:
        return
    assert event.type in EVENT_TYPES
