"""What is in a dead letter: shown with what may be personal covered, mended, and tried before it is sent."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from shared.contracts.letters import Contents, Letter, Trial
from shared.contracts.topics import HOTLINE_SUBMISSIONS
from shared.errors import InvalidInput
from shared.messaging.dead_letters import PROVENANCE
from shared.messaging.decoding import from_record

COVER = "▒▒▒"
BYTES_MAX = 4096
"""Of what is no text, so much is shown."""
# Names under which only codes, identities and times stand. Everything else may hold what a resident wrote or is.
OPEN_NAMES = frozenset(
    """
    specversion id type source subject time datacontenttype dataschema correlationid causationid partitionkey
    traceparent suggestion_id case_id recording_id notice_id event_id contact_id campaign_id
    collection_point_id number channel received_at language kind identity nature category_code town unit
    co_units due date computation decision method versions outcome ground verdict reasons engine model
    media_type role sha256 size_bytes duration_s audience attempts issue_id class_id level step
    """.split()  # noqa: SIM905 - fifty quoted names would be harder to read
)
_CODE = re.compile(r"[A-Za-z0-9/][\w.:/+-]{0,79}", re.ASCII)
_LONG_NUMBER = re.compile(r"\d{8,}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,40}", re.ASCII)


def contents(letter: Letter, *, personal: bool) -> Contents:
    """For a reader; without `personal`, all is covered but codes, identities and times under known names."""
    value = letter.value or b""
    headers, key = _headers(letter, personal), None if letter.key is None else letter.key.decode("utf-8", "replace")
    if key is not None and not personal and letter.topic == HOTLINE_SUBMISSIONS.name:
        key = COVER  # a hotline may send any key
    if not value:
        return Contents(form="empty", body="", key=key, headers=headers, hidden=False)
    try:
        text = value.decode()
    except UnicodeDecodeError:
        shown = value[:BYTES_MAX].hex(" ") if personal else COVER
        return Contents(form="bytes", body=shown, key=key, headers=headers, hidden=not personal)
    try:
        body = json.loads(text)
        shown = json.dumps(body if personal else covered(body), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):  # no JSON, or nested as nobody means it
        return Contents(form="text", body=text if personal else COVER, key=key, headers=headers, hidden=not personal)
    body = shown.encode("utf-8", "backslashreplace").decode()  # half a character can be written in JSON, not on a page
    return Contents(form="json", body=body, key=key, headers=headers, hidden=not personal)


def covered(body: Any, *, name: str = "") -> Any:
    """The same shape with every value covered that is not a code, an identity or a time under a known name."""
    if isinstance(body, dict):
        return {
            key if _NAME.fullmatch(key) else COVER: covered(part, name=key) for key, part in list(body.items())[:100]
        }
    if isinstance(body, list):
        return [covered(part, name=name) for part in body[:100]]
    if body is None or isinstance(body, bool):
        return body
    text = str(body)
    if name in OPEN_NAMES and _CODE.fullmatch(text) and (name.endswith("sha256") or not _LONG_NUMBER.search(text)):
        return body
    return COVER


def _headers(letter: Letter, personal: bool) -> list[tuple[str, str | None]]:
    shown: list[tuple[str, str | None]] = []
    for name, value in letter.headers:
        text = None if value is None else value.decode("utf-8", "replace")
        ours = name in PROVENANCE or name == "content-type"
        if text is not None and not personal and not ours:
            text = text if covered(text, name=name.removeprefix("ce_")) == text else COVER
        shown.append((name if personal or _NAME.fullmatch(name) else COVER, text))
    return shown


def merged(letter: Letter, patch: dict[str, Any]) -> bytes:
    """The letter's JSON with an RFC 7396 merge patch applied.

    Raises:
        InvalidInput: it is no JSON, or the event's id would change.
    """
    try:
        body = json.loads(letter.value or b"")
    except (ValueError, RecursionError) as error:
        raise InvalidInput("this letter is no JSON: give the whole value with --value", code="not-json") from error

    def merge(target: Any, change: Any) -> Any:
        if not isinstance(change, dict):
            return change
        result = dict(target) if isinstance(target, dict) else {}
        for name, part in change.items():
            if part is None:
                result.pop(name, None)
            else:
                result[name] = merge(result.get(name), part)
        return result

    value = json.dumps(merge(body, patch), ensure_ascii=False).encode("utf-8", "backslashreplace")
    keep_identity(letter, value)
    return value


def keep_identity(letter: Letter, value: bytes) -> None:
    """Refuse a mended value that would be another event: consumers know a repeat by its id."""
    before, after = _structured_id(letter.value), _structured_id(value)
    if before is not None and before != after:
        raise InvalidInput("A repair keeps the event's id.", code="other-event")


def _structured_id(value: bytes | None) -> Any:
    try:
        body = json.loads(value or b"")
    except (ValueError, RecursionError):
        return None
    return body.get("id") if isinstance(body, dict) and "specversion" in body else None


def tried(letter: Letter, value: bytes | None = None) -> Trial:
    """Whether any consumer could read these bytes under the letter's headers; what each then makes of them is its own.

    Raises:
        InvalidInput: the value would be another event.
    """
    if value is not None:
        keep_identity(letter, value)
    kept = tuple((name, content) for name, content in letter.headers if name not in PROVENANCE)
    try:
        event = from_record(replace(letter, value=letter.value if value is None else value, headers=kept))
    except InvalidInput as error:
        return Trial(type=letter.type, id=letter.id, code=error.code, error=str(error))
    return Trial(type=event.type, id=event.id)
